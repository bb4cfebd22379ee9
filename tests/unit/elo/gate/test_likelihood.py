import math

import numpy as np
import pytest

from services.elo.gate.likelihood import EMPTY, log_likelihood_ratio
from services.elo.gate.sequential import SCALE

PAIRS = np.arange(5) / 4.0


def trinomial_ratio(counts: np.ndarray, t0: float, t1: float) -> float:
    """By searching all distributions on (0, 1/2, 1): the mean and the draws decide them."""
    shares = counts / counts.sum()

    def best(t: float) -> float:
        found = -math.inf
        for draw in np.linspace(1e-6, 1.0 - 1e-6, 200_001):
            # (mean - 1/2)^2 = t^2 (1 - draw - (2 mean - 1)^2) / 4, with mean - 1/2 = m.
            m = math.copysign(math.sqrt(t * t * (1.0 - draw) / 4.0 / (1.0 + t * t)), t)
            win, loss = (1.0 - draw) / 2.0 + m, (1.0 - draw) / 2.0 - m
            if min(win, loss) > 0.0:
                value = shares @ np.log([loss, draw, win])
                found = max(found, float(value))
        return found

    return float(counts.sum()) * (best(t1) - best(t0))


@pytest.mark.parametrize("counts", [(40.0, 20.0, 60.0), (3.0, 90.0, 7.0), (400.0, 1.0, 380.0)])
def test_three_scores_agree_with_a_search(counts: tuple[float, ...]) -> None:
    t0, t1 = 0.0, 30.0 / SCALE
    found = log_likelihood_ratio(PAIRS[::2].copy(), np.array(counts), t0, t1)
    assert found == pytest.approx(trinomial_ratio(np.array(counts), t0, t1), abs=1e-6)


def test_it_is_how_far_the_observed_t_is_from_both() -> None:
    """For many matches the ratio is near n ((t - t0)^2 - (t - t1)^2) / 2, t observed."""
    counts = np.array([900.0, 5200.0, 12_000.0, 5600.0, 1000.0])
    mean = float(counts @ PAIRS / counts.sum())
    deviation = math.sqrt(float(counts @ (PAIRS - mean) ** 2 / counts.sum()))
    t, t1 = (mean - 0.5) / deviation, 0.03
    expected = counts.sum() * (t**2 - (t - t1) ** 2) / 2.0
    found = log_likelihood_ratio(PAIRS, counts, 0.0, t1)
    assert found == pytest.approx(expected, rel=0.02)


def test_hypotheses_change_places() -> None:
    counts = np.array([1.0, 5.0, 9.0, 7.0, 3.0])
    forth = log_likelihood_ratio(PAIRS, counts, -0.02, 0.05)
    assert log_likelihood_ratio(PAIRS, counts, 0.05, -0.02) == -forth
    # Who wins for one loses for the other.
    assert log_likelihood_ratio(PAIRS, counts[::-1].copy(), 0.02, -0.05) == pytest.approx(forth)


@pytest.mark.parametrize("column", range(5))
def test_matches_that_all_end_alike_are_told_apart(column: int) -> None:
    counts = np.zeros(5)
    counts[column] = 50.0
    found = log_likelihood_ratio(PAIRS, counts, -0.03, 0.03)
    assert math.isfinite(found)
    assert np.sign(round(found, 6)) == np.sign(column - 2)


def test_no_match_tells_nothing() -> None:
    assert abs(log_likelihood_ratio(PAIRS, np.zeros(5), 0.0, 0.05)) < 5 * EMPTY
