"""Intervals that hold at all times, and what they cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln

from services.model.experiments.judging.evidence import Sample, difference_interval, log_e_value


def by_hand(sample: Sample, mean: np.ndarray) -> np.ndarray:
    """log E of means, by scipy."""
    hits, misses = sample.total, sample.count - sample.total
    mixture = betaln(hits + 0.5, misses + 0.5) - betaln(0.5, 0.5)
    return np.asarray(mixture - hits * np.log(mean) - misses * np.log1p(-mean))


def searched(sample: Sample, base: Sample, alpha: float) -> tuple[float, float]:
    """The interval, by looking at a grid of pairs."""
    grid = np.linspace(0.0005, 0.9995, 2000)
    inside = by_hand(sample, grid)[:, None] + by_hand(base, grid)[None, :] <= math.log(1 / alpha)
    apart = (grid[:, None] - grid[None, :])[inside]
    return float(apart.min()), float(apart.max())


@pytest.mark.parametrize(
    ("sample", "base"),
    [
        (Sample(100, 40.0), Sample(900, 450.0)),
        (Sample(50, 0.0), Sample(400, 4.0)),
        (Sample(30, 30.0), Sample(30, 12.5)),
        (Sample(0, 0.0), Sample(200, 100.0)),
        (Sample(7, 3.5), Sample(5, 0.0)),
    ],
)
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_interval_is_that_of_all_pairs(sample: Sample, base: Sample, alpha: float) -> None:
    interval = difference_interval(sample, base, alpha)
    low, high = searched(sample, base, alpha)
    assert interval.low == pytest.approx(low, abs=0.002)
    assert interval.high == pytest.approx(high, abs=0.002)


@pytest.mark.parametrize("alpha", [0.2, 0.01])
def test_the_test_and_the_interval_say_the_same(alpha: float) -> None:
    sample, base = Sample(300, 120.0), Sample(2000, 1040.0)
    interval = difference_interval(sample, base, alpha)
    for end in (interval.low, interval.high):
        assert log_e_value(sample, base, end) == pytest.approx(math.log(1 / alpha), abs=1e-6)
    assert log_e_value(sample, base, interval.high + 0.01) > math.log(1 / alpha)
    assert log_e_value(sample, base, sample.mean - base.mean) < 0


def test_without_observations_everything_is_possible() -> None:
    nothing = Sample(0, 0.0)
    interval = difference_interval(nothing, nothing, 0.05)
    assert (interval.low, interval.high) == (-1.0, 1.0)
    assert log_e_value(nothing, nothing, 0.0) == 0.0


def test_of_many_observations_the_interval_is_small() -> None:
    interval = difference_interval(Sample(10**9, 1e6), Sample(10**9, 1e6), 0.05)
    assert -2e-5 < interval.low < 0.0 < interval.high < 2e-5


def test_swapping_the_arms_turns_the_interval_round() -> None:
    first, second = Sample(321, 111.0), Sample(123, 77.5)
    one, other = difference_interval(first, second, 0.1), difference_interval(second, first, 0.1)
    assert one.low == pytest.approx(-other.high, abs=1e-9)
    assert one.high == pytest.approx(-other.low, abs=1e-9)


@pytest.mark.parametrize("scores", [(0.0, 1.0), (0.0, 0.5, 1.0)], ids=["bits", "draws too"])
def test_it_holds_whenever_it_is_looked_at(scores: tuple[float, ...]) -> None:
    """The share of the second arm changes as the data say, which is allowed, too."""
    rng = np.random.default_rng(0)
    missed, runs, alpha = 0, 150, 0.2
    for _ in range(runs):
        counts, sums = [0, 0], [0.0, 0.0]
        for _ in range(20):
            share = 0.1 if sums[1] * counts[0] < sums[0] * counts[1] else 0.5
            second = int(rng.binomial(40, share))
            for arm, more in ((0, 40 - second), (1, second)):
                counts[arm] += more
                sums[arm] += float(rng.choice(scores, more).sum())
            sample, base = Sample(counts[1], sums[1]), Sample(counts[0], sums[0])
            if log_e_value(sample, base, 0.0) > math.log(1 / alpha):
                missed += 1
                break
    assert missed <= alpha * runs
