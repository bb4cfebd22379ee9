"""Of many simulated ladders, about 95 % of the 95 % intervals hold the truth."""

import numpy as np
import pytest

from services.elo.models.bradley_terry import fit
from services.elo.standings.standings import QUANTILE
from tests.unit.elo.played import BOTS, folded, simulated

LADDERS = 50


def covered(rng: np.random.Generator, matches: int, correlation: float, nu: float) -> list[bool]:
    """Whether each player's interval of a random ladder holds its true rating."""
    versions = 600.0 + np.cumsum(rng.normal(80.0, 80.0, 8))
    truth = dict(zip(BOTS, (500.0, 1000.0, 1500.0), strict=True))
    truth |= {f"race:{2 * number + 1}": rating for number, rating in enumerate(versions)}
    ladder = folded(simulated(rng, truth, matches, nu=nu, correlation=correlation))
    found = fit(ladder.problem())
    deviation = np.sqrt(found.spread.variances)
    actual = np.array([truth[record.name] for record in ladder.players])
    return list(np.abs(found.ratings - actual) < QUANTILE * deviation)


@pytest.mark.slow
@pytest.mark.parametrize("matches", [100, 600])
@pytest.mark.parametrize(("correlation", "nu"), [(1.0, 0.5), (0.5, 0.1), (0.0, 0.5), (-0.4, 0.5)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    matches: int, correlation: float, nu: float
) -> None:
    rng = np.random.default_rng(20)
    hits = [hit for _ in range(LADDERS) for hit in covered(rng, matches, correlation, nu)]
    assert 0.90 <= np.mean(hits) <= 0.985


@pytest.mark.slow
def test_games_taken_as_independent_would_promise_too_much() -> None:
    """What the design effect is for: intervals narrower by sqrt(2) hold the truth in 83 %."""
    rng = np.random.default_rng(21)
    truth = {BOTS[0]: 900.0, BOTS[1]: 1100.0, "race:1": 1000.0}
    honest: list[bool] = []
    naive: list[bool] = []
    for _ in range(250):
        ladder = folded(simulated(rng, truth, 200, correlation=1.0))
        found = fit(ladder.problem())
        missed = np.abs(found.ratings - [truth[record.name] for record in ladder.players])
        reach = QUANTILE * np.sqrt(found.spread.variances)
        honest += list(missed < reach)
        naive += list(missed < reach / np.sqrt(1.0 + found.correlation))
    assert np.mean(naive) < 0.90 < np.mean(honest) < 0.98
