"""Whether a candidate has forgotten to beat an ancestor."""

from __future__ import annotations

import math

FORGOTTEN = 0.95
"""Chance of a win rate below 1/2 from which on an ancestor counts as forgotten against."""


def chance_worse(score: float, games: float) -> float:
    """Posterior chance that a mean score is below 1/2, given the sum of scores in so many games.

    With Jeffreys' prior Beta(1/2, 1/2); a draw counts as half a win and half a loss, which makes
    scores look wider spread than they are, so that no ancestor is called forgotten too soon.
    """
    return beta_distribution(0.5, score + 0.5, games - score + 0.5)


def beta_distribution(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b).

    By its continued fraction (Abramowitz and Stegun 1964, 26.5.8), by the method of Lentz (1976).
    """
    if x <= 0.0 or x >= 1.0:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_distribution(1.0 - x, b, a)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1.0 / _apart(1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, 500):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _apart(1.0 + factor * d)
            c = _apart(1.0 + factor / c)
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return math.exp(log_front) * fraction / a


def _apart(value: float) -> float:
    """Itself, or a tiny number where it is 0."""
    return value if abs(value) > 1e-300 else 1e-300
