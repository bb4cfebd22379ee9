import numpy as np

from services.elo.log.match import Match
from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.fitting.posterior import Problem
from services.elo.models.fitting.spread import Covariance
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import QUANTILE, UNRANKED, Standings, standings
from tests.unit.elo.played import BOTS, folded, match


def of(ladder: Ladder) -> Standings:
    problem = ladder.problem()
    names = tuple(record.name for record in ladder.players)
    return standings(fit(problem), problem, names, ladder.high_water, ladder.matches)


def by_hand(ratings: list[float], covariance: list[list[float]]) -> Standings:
    """Standings of a made-up fit."""
    problem = folded(
        [match("m", [f"race:{n + 1}" for n in range(len(ratings))], ratings)]
    ).problem()
    made = Fit(np.array(ratings), Covariance(np.array(covariance)), 0.0, 1.0)
    names = tuple(f"race:{n + 1}" for n in range(len(ratings)))
    return standings(made, problem, names, 1, 1)


def test_a_rank_counts_who_is_better_for_sure() -> None:
    # 20 points with a deviation of 10 * sqrt(2) = 14.1: z = 1.41, not enough; 40 points: z = 2.83.
    found = by_hand([1040.0, 1020.0, 1000.0], np.diag([100.0] * 3).tolist())
    assert found.ranks.tolist() == [1, 1, 2]


def test_correlated_ratings_differ_for_sure_though_each_is_vague() -> None:
    found = by_hand([1020.0, 1000.0], [[10_000.0, 9_990.0], [9_990.0, 10_000.0]])
    assert found.low[0] < found.high[1]  # the intervals overlap
    assert found.ranks.tolist() == [1, 2]


def test_better_means_a_chance_of_0_975() -> None:
    for lead, rank in ((QUANTILE - 1e-6, 1), (QUANTILE + 1e-6, 2)):
        assert by_hand([lead, 0.0], [[1.0, 0.0], [0.0, 0.0]]).ranks.tolist() == [1, rank]


def test_best_first_and_equals_by_name() -> None:
    assert by_hand([5.0, 7.0, 5.0], np.eye(3).tolist()).order == (1, 0, 2)


def test_who_never_met_the_bots_world_is_rated_but_not_ranked() -> None:
    connected = [match(f"m{n}", ("race:1", BOTS[0]), 1.0, 0.0) for n in range(30)]
    apart = [match(f"n{n}", ("race:2", "player/ann"), 1.0, 1.0) for n in range(30)]
    ladder = folded([*connected, *apart])
    found = of(ladder)
    assert found.ranks.tolist() == [1, 1, UNRANKED, UNRANKED]
    assert found.ratings[2] > found.ratings[3]
    width = found.high - found.low
    assert width[2] > 2 * width[0]

    joined = of(folded([*connected, *apart, match("bridge", ("player/ann", BOTS[0]), 0.5)]))
    assert UNRANKED not in joined.ranks.tolist()


def test_a_stray_bot_does_not_move_the_anchored_ones() -> None:
    connected = [match(f"m{n}", (BOTS[0], BOTS[1]), 0.0, 1.0, 1.0, 1.0) for n in range(30)]
    stray = [match("s", (BOTS[2], "player/ann"), 1.0)]
    with_stray, without = of(folded(connected + stray)), of(folded(connected))
    assert np.mean(with_stray.ratings[:2]) == 1000.0
    np.testing.assert_allclose(with_stray.low[:2], without.low[:2], atol=15)
    assert with_stray.ranks.tolist()[2:] == [UNRANKED] * 2


def test_expected_scores_follow_the_fit() -> None:
    matches: list[Match] = [
        match(f"m{n}", ("race:1", BOTS[0]), 1.0, 1.0, 1.0, 0.0) for n in range(400)
    ]
    found = of(folded(matches))
    assert abs(found.expected_score(0, 1) - 0.75) < 0.01
    assert found.expected_score(0, 1) + found.expected_score(1, 0) == 1.0
    assert isinstance(folded(matches).problem(), Problem)
