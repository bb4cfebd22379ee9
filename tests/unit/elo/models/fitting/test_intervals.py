"""Intervals of small records are those of the exact posterior, and such as a person believes."""

import math

import numpy as np
import pytest

from services.elo.models.bradley_terry import QUANTILE, fit
from services.elo.models.fitting.posterior import (
    CENTER,
    LOG_NU_DEVIATION,
    LOG_NU_MEAN,
    PARENT_DEVIATION,
    ROOT_DEVIATION,
    SCALE,
)
from services.elo.standings.standings import Standings, standings
from tests.unit.elo.played import BOTS, folded, match, simulated

BOT = "bot/random"


def told(record: list[float], player: str = "race:1") -> Standings:
    """Standings of a player with these scores against one bot, a match each."""
    matches = [match(f"m{n}", (player, BOT), score) for n, score in enumerate(record)]
    ladder = folded(matches)
    problem = ladder.problem()
    return standings(fit(problem), problem, ladder.players.names, len(matches), len(matches))


def exact(record: list[float]) -> tuple[float, float]:
    """Bounds of the central 95 % of the posterior, by a grid over difference and log nu.

    The seat effect is left out: each record has it on both sides alike.
    """
    difference = np.linspace(-30, 30, 6001)[:, None]
    log_nu = np.linspace(-8, 8, 321)[None, :]
    whole = np.logaddexp(np.logaddexp(difference / 2, -difference / 2), log_nu)
    density = -((log_nu - LOG_NU_MEAN) ** 2) / (2 * LOG_NU_DEVIATION**2)
    density = density - difference**2 / (4 * ROOT_DEVIATION**2)
    for score in record:
        density = density + {1.0: difference / 2, 0.5: log_nu, 0.0: -difference / 2}[score] - whole
    mass = np.exp(density - density.max()).sum(axis=1)
    below = np.cumsum(mass) / mass.sum()
    return tuple(CENTER + SCALE * np.interp((0.025, 0.975), below, difference[:, 0]))


RECORDS = {
    "none of 3": [0.0] * 3,
    "1 of 1": [1.0],
    "10 of 10": [1.0] * 10,
    "all of 100": [1.0] * 100,
    "10 draws": [0.5] * 10,
    "8 of 10": [1.0] * 8 + [0.0] * 2,
    "5 of 10": [1.0, 0.0] * 5,
}


@pytest.mark.parametrize("record", RECORDS)
def test_bounds_are_near_those_of_the_exact_posterior(record: str) -> None:
    found, (low, high) = told(RECORDS[record]), exact(RECORDS[record])
    width = high - low
    assert found.low[0] == pytest.approx(low, abs=0.15 * width)
    assert found.high[0] == pytest.approx(high, abs=0.25 * width)
    assert found.low[0] < found.ratings[0] < found.high[0]


def test_who_won_ten_of_ten_is_better_and_may_be_much_better() -> None:
    found = told([1.0] * 10)
    assert found.low[0] > 1000.0 + 200.0
    assert found.high[0] - found.ratings[0] > 2 * (found.ratings[0] - found.low[0])
    assert found.ranks.tolist() == [1, 2]


def test_who_lost_three_of_three_is_probably_worse_and_nothing_is_sure_of_one() -> None:
    three, one = told([0.0] * 3), told([0.0])
    assert three.high[0] < 1000.0 < one.high[0]
    assert (three.ranks.tolist(), one.ranks.tolist()) == ([2, 1], [1, 1])
    assert three.ratings[0] > -500  # not infinitely so


def test_who_always_drew_is_level_and_the_more_games_the_surer() -> None:
    ten, hundred = told([0.5] * 10), told([0.5] * 100)
    for found in (ten, hundred):
        assert found.ratings[0] == pytest.approx(1000.0)
        assert found.high[0] - 1000 == pytest.approx(1000 - found.low[0], rel=1e-3)
        assert found.ranks.tolist() == [1, 1]
    assert hundred.high[0] < ten.high[0] < 1700


def test_wins_and_losses_are_mirrored() -> None:
    won, lost = told([1.0] * 4), told([0.0] * 4)
    assert won.ratings[0] - 1000 == pytest.approx(1000 - lost.ratings[0], abs=1e-6)
    assert won.low[0] - 1000 == pytest.approx(1000 - lost.high[0], rel=1e-2)
    assert won.high[0] - 1000 == pytest.approx(1000 - lost.low[0], rel=1e-2)


def test_a_newcomer_that_beat_its_parents_victims_is_not_promised_more_than_a_parent() -> None:
    matches = [match(f"m{n}", ("race:1", BOT), float(n < 60)) for n in range(100)]
    matches += [match(f"x{n}", ("race:2", BOT), 1.0) for n in range(4)]
    ladder = folded(matches)
    problem = ladder.problem()
    found = standings(fit(problem), problem, ladder.players.names, 1, 1)
    one, two = (ladder.players.index(name) for name in ("race:1", "race:2"))
    assert one is not None
    assert two is not None
    assert found.low[two] > found.low[one] - 100
    assert found.high[two] < found.high[one] + 3.5 * PARENT_DEVIATION * SCALE


def test_of_long_records_nothing_changes() -> None:
    truth = {BOTS[0]: 900.0, BOTS[1]: 1100.0, "race:1": 1000.0}
    problem = folded(simulated(np.random.default_rng(1), truth, 600)).problem()
    found = fit(problem)
    assert found.skew is not None
    np.testing.assert_array_equal(found.skew, 1.0)


@pytest.mark.parametrize("matches", [4, 12])
def test_small_records_hold_the_truth_as_often_as_they_say(matches: int) -> None:
    """Truth drawn from the prior, so that coverage is what the posterior promises."""
    rng = np.random.default_rng(matches)
    hits = []
    for _ in range(150):
        gap = rng.normal(0.0, ROOT_DEVIATION * math.sqrt(2.0)) * SCALE
        nu = math.exp(rng.normal(LOG_NU_MEAN, LOG_NU_DEVIATION))
        played = simulated(rng, {"race:1": 1000.0 + gap, BOT: 1000.0}, matches, nu=nu)
        ladder = folded([one._replace(games=one.games[:1]) for one in played])
        problem = ladder.problem()
        found = standings(fit(problem), problem, ladder.players.names, 1, 1)
        at = ladder.players.names.index("race:1")
        hits.append(found.low[at] < 1000.0 + gap < found.high[at])
    assert 0.90 <= np.mean(hits) <= 0.99


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    assert 0.5 * (1 + math.erf(QUANTILE / math.sqrt(2))) == pytest.approx(0.975)
