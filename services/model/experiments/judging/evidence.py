"""How much is known of the difference of two means, at all times at once.

Observations lie in [0, 1], those of an arm have the same mean whatever was seen before, and only
their number n and sum s are kept. For a mean m the mixture of likelihood ratios with the prior
Beta(1/2, 1/2)

    E(m) = B(s + 1/2, n - s + 1/2) / B(1/2, 1/2) / (m^s (1 - m)^(n - s))

is a test supermartingale: a martingale for bits (Robbins 1970, "Statistical Methods Related to the
Law of the Iterated Logarithm", section 3; Howard, Ramdas, McAuliffe, Sekhon 2021, "Time-uniform,
Nonparametric, Nonasymptotic Confidence Sequences", Annals of Statistics 49, section 3.2), and a
supermartingale for all of [0, 1], as z -> a^z is convex. Of two arms the product of both is one for
the pair of means, however their observations alternate and whoever decides on that (Turner, Ly,
Gruenwald 2024, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping", section 2). So by Ville's inequality the pairs with a product below 1 / alpha hold the
true one at all times at once with probability 1 - alpha, and so does the interval of their
differences: it may be looked at after every observation, and the test of a difference, which is the
mixture sequential probability ratio test, be stopped at any time (Johari, Koomen, Pekelis, Walsh
2022, "Always Valid Inference", Operations Research 70).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_PRIOR: Final = 0.5
_LOG_PRIOR: Final = 2 * math.lgamma(_PRIOR) - math.lgamma(2 * _PRIOR)
_HALVINGS: Final = 55
_STEEPEST: Final = 1e15


@dataclass(frozen=True, slots=True)
class Sample:
    """So many observations in [0, 1], and their sum."""

    count: int
    total: float

    @property
    def mean(self) -> float:
        """Of the observations; 1/2 without any."""
        return self.total / self.count if self.count else 0.5

    def complement(self) -> Sample:
        """The observations 1 - x."""
        return Sample(self.count, self.count - self.total)

    def log_evidence(self, mean: float) -> float:
        """Log E(mean)."""
        hits, misses = self.total, self.count - self.total
        return (
            _log_beta(hits + _PRIOR, misses + _PRIOR)
            - _LOG_PRIOR
            - _times_log(hits, mean)
            - _times_log(misses, 1.0 - mean)
        )

    def log_price(self) -> float:
        """What the mixture has lost against the best single mean in hindsight, as a logarithm."""
        return -self.log_evidence(self.mean)


@dataclass(frozen=True, slots=True)
class Interval:
    """Of a difference."""

    low: float
    high: float


def difference_interval(sample: Sample, base: Sample, alpha: float) -> Interval:
    """Holds the mean of `sample` less that of `base` at all times with probability 1 - alpha."""
    high = _highest(sample, base, alpha)
    # 1 - x turns the greatest difference into the least one.
    low = -_highest(sample.complement(), base.complement(), alpha)
    return Interval(low, high)


def log_e_value(sample: Sample, base: Sample, difference: float) -> float:
    """Of the hypothesis that the means differ by exactly `difference`: the least of all its pairs.

    It is e times as likely as once in e that this is ever reached where the hypothesis is true.
    """
    apart = sample.mean - base.mean
    if apart > difference:
        return log_e_value(sample.complement(), base.complement(), -difference)
    if apart == difference:
        return -sample.log_price() - base.log_price()

    def reached(slope: float) -> bool:
        mean, other = _pair(sample, base, slope)
        return mean - other >= difference

    mean, other = _pair(sample, base, _least_slope(reached))
    return sample.log_evidence(mean) + base.log_evidence(other)


def _highest(sample: Sample, base: Sample, alpha: float) -> float:
    """The greatest difference of a pair of means whose product is below 1 / alpha."""
    most = math.log(1.0 / alpha)

    def reached(slope: float) -> bool:
        mean, other = _pair(sample, base, slope)
        return sample.log_evidence(mean) + base.log_evidence(other) >= most

    mean, other = _pair(sample, base, _least_slope(reached))
    return min(1.0, max(-1.0, mean - other))


def _pair(sample: Sample, base: Sample, slope: float) -> tuple[float, float]:
    """The pair that is likeliest among those as far apart: where both curves are as steep."""
    return _where(sample, slope), 1.0 - _where(base.complement(), slope)


def _where(sample: Sample, slope: float) -> float:
    """The mean above the observed one where log E rises by `slope`: -s/m + (n-s)/(1-m) = slope."""
    count, total = sample.count, sample.total
    root = math.sqrt((count - slope) ** 2 + 4.0 * slope * total)
    if count > slope:  # or else the difference would lose its digits
        return min(1.0, 2.0 * total / (count - slope + root))
    return min(1.0, max(0.0, (slope - count + root) / (2.0 * slope)))


def _least_slope(reached: Callable[[float], bool]) -> float:
    """The least slope at which it is reached, by halving on a scale of logarithms."""
    low, high = -30.0, math.log(_STEEPEST)
    if not reached(math.exp(high)):
        return _STEEPEST
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if reached(math.exp(middle)):
            high = middle
        else:
            low = middle
    return math.exp(high)


def _log_beta(first: float, second: float) -> float:
    return math.lgamma(first) + math.lgamma(second) - math.lgamma(first + second)


def _times_log(count: float, value: float) -> float:
    """Count * log(value), 0 where there is nothing to count."""
    if count <= 0.0:
        return 0.0
    return count * math.log(value) if value > 0.0 else -math.inf
