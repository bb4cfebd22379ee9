import pytest

from services.elo.models.plackett_luce import DEVIATION, MEAN, Skill, updated


def test_a_duel_of_two_newcomers() -> None:
    """Against values that are published for openskill's model of this name."""
    (winner,), (loser,) = updated([[Skill()], [Skill()]], [1.0, 0.0])
    assert winner == pytest.approx((27.63523138, 8.06550632), abs=1e-7)
    assert loser == pytest.approx((22.36476862, 8.06550632), abs=1e-7)


def test_level_newcomers_stay_and_are_better_known() -> None:
    for (found,) in updated([[Skill()], [Skill()]], [0.5, 0.5]):
        assert found.mean == pytest.approx(MEAN)
        assert found.deviation < DEVIATION


def test_of_four_the_order_is_the_order() -> None:
    found = [one.mean for (one,) in updated([[Skill()] for _ in range(4)], [0.2, 0.9, 0.5, 0.0])]
    assert found[1] > found[2] > found[0] > found[3]
    assert sum(found) == pytest.approx(4 * MEAN)


def test_a_team_shares_by_how_little_is_known_of_each() -> None:
    (known, unknown), _ = updated([[Skill(25, 1), Skill(25, 8)], [Skill(), Skill()]], [1.0, 0.0])
    assert 0 < known.mean - 25 < unknown.mean - 25
    assert (unknown.mean - 25) / (known.mean - 25) == pytest.approx(64.0)


def test_only_the_order_of_scores_counts() -> None:
    teams = [[Skill(30, 3)], [Skill(20, 5)], [Skill()]]
    assert updated(teams, [0.1, 0.2, 0.2]) == updated(teams, [0.0, 1.0, 1.0])
    turned = updated(teams[::-1], [0.2, 0.2, 0.1])[::-1]
    for one, other in zip(updated(teams, [0.1, 0.2, 0.2]), turned, strict=True):
        assert one[0] == pytest.approx(other[0])


def test_nobody_is_ever_certain() -> None:
    winner, loser = Skill(), Skill()
    for _ in range(3000):
        (winner,), (loser,) = updated([[winner], [loser]], [1.0, 0.0])
    assert winner.deviation > 0
    assert winner.ordinal > loser.mean
