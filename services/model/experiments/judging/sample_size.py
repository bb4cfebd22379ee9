"""How many observations are enough for the sequential test to find a difference."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from services.model.experiments.judging.evidence import Sample

MOST: Final = 10**9


def required_observations(
    *, base: float, mean: float, tolerance: float, share: float, alpha: float, power: float
) -> int:
    """Observations of both arms together, after which a loss is found with probability `power`.

    After n observations the logarithm of the e-value of "no worse than tolerated" is about z^2 / 2
    less what the mixtures of both arms cost, where z is the difference of the means beyond the
    tolerance in standard errors (Wilks 1938). So n is the least with

        |mean - base| - tolerance >= (sqrt(2 (log(1 / alpha) + costs)) + z_power) * standard error.

    The test may well end before, as it looks all the time; that is not counted on, so this is a
    bound, but for the approximation by normal distributions.

    Args:
        base: Mean of the first arm, in [0, 1].
        mean: Of the other.
        tolerance: Difference that is put up with.
        share: Of the observations that the other has, between 0 and 1.
        alpha: Of the test.
        power: Chance of finding it.

    Returns:
        The number; 0 where none is enough: the means are no farther apart than is tolerated, or it
        would be more than 10^9.
    """
    effect = abs(mean - base) - tolerance
    if effect <= 0.0 or not 0.0 < share < 1.0:
        return 0
    quantile = NormalDist().inv_cdf(power)

    def enough(count: int) -> bool:
        first, second = count * (1.0 - share), count * share
        error = math.sqrt(base * (1.0 - base) / first + mean * (1.0 - mean) / second)
        costs = _cost(first, base) + _cost(second, mean)
        return effect >= (math.sqrt(2.0 * (math.log(1.0 / alpha) + costs)) + quantile) * error

    if not enough(MOST):
        return 0
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _cost(count: float, mean: float) -> float:
    size = max(1, math.ceil(count))
    return max(0.0, Sample(size, size * mean).log_price())
