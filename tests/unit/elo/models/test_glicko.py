import pytest

from services.elo.models.glicko import Glicko, expected_score, updated


def test_the_example_of_the_paper() -> None:
    opponents = [Glicko(1400, 30), Glicko(1550, 100), Glicko(1700, 300)]
    found = updated(Glicko(1500, 200, 0.06), opponents, [1.0, 0.0, 0.0])
    assert found.rating == pytest.approx(1464.06, abs=0.02)
    assert found.deviation == pytest.approx(151.52, abs=0.01)
    assert found.volatility == pytest.approx(0.05999, abs=0.00001)


def test_two_who_are_level_learn_that_they_are() -> None:
    found = updated(Glicko(), [Glicko()], [0.5])
    assert found.rating == pytest.approx(1500.0)
    assert found.deviation < 350.0


def test_a_surprise_makes_a_player_less_steady() -> None:
    sure = Glicko(2000, 40)
    lost = updated(sure, [Glicko(1000, 40)] * 20, [0.0] * 20)
    won = updated(sure, [Glicko(1000, 40)] * 20, [1.0] * 20)
    assert lost.volatility > sure.volatility >= won.volatility
    assert lost.rating < 2000 < won.rating


def test_a_score_is_nearer_to_a_half_the_less_is_known() -> None:
    strong, weak = Glicko(1900, 50), Glicko(1500, 50)
    assert expected_score(strong, weak) + expected_score(weak, strong) == pytest.approx(1.0)
    unsure = expected_score(strong._replace(deviation=350), weak)
    assert 0.5 < unsure < expected_score(strong, weak) < 0.95


def test_what_is_certain_already_does_not_break_it() -> None:
    one = Glicko(3000, 30)
    for _ in range(1000):
        one = updated(one, [Glicko(100, 30)], [1.0])
    assert 3000 <= one.rating < 3100
    assert one.deviation > 0
