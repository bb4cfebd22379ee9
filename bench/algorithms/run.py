"""What one run of a cell tells, whoever learned."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

EPISODES = 20
"""That a trained policy is judged by."""

EVALUATION_SEED = 1_000_000


@dataclass(frozen=True)
class Trained:
    """A run.

    Attributes:
        seed: Of the run.
        seconds: From the command on to the last gradient step.
        returns: Of `EPISODES` episodes of the trained policy.
    """

    seed: int
    seconds: float
    returns: list[float]

    @property
    def mean(self) -> float:
        """Mean return."""
        return statistics.mean(self.returns)


def interquartile_range(values: list[float]) -> float:
    """Of the values, at least a hundredth of the median and of 1: 500 three times is no spread."""
    least = 0.01 * max(1.0, abs(statistics.median(values)))
    if len(values) < 2:
        return least
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return max(least, third - first)
