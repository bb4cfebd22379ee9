"""What arms did: counts that can be added up, whoever counted."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from services.model.experiments.experiment import Metric
from services.model.experiments.judging.evidence import Sample

_LEAST_SECONDS: Final = 1e-4
_RATIO: Final = 1.2
_BOUNDS: Final = tuple(_LEAST_SECONDS * _RATIO**place for place in range(76))
"""Upper bounds of the classes of latencies, to 87 s; a last one has what is above them."""

CLASSES: Final = len(_BOUNDS) + 1


@dataclass(slots=True)
class Figures:
    """Of an arm.

    Attributes:
        calls: That it answered or failed.
        errors: That failed by it.
        slow: That took longer than they should.
        seconds: Of all of them together.
        dropped: That a shadow was not shown.
        compared: Rows that a shadow answered, too, and could be compared.
        agreeing: Those of them with the same best actions.
        outcomes: Sessions with one.
        score: Of all of them together.
        latencies: Calls by class of latency.
    """

    calls: int = 0
    errors: int = 0
    slow: int = 0
    seconds: float = 0.0
    dropped: int = 0
    compared: int = 0
    agreeing: int = 0
    outcomes: int = 0
    score: float = 0.0
    latencies: list[int] = field(default_factory=lambda: [0] * CLASSES)

    def count(self, seconds: float, *, is_slow: bool, is_error: bool, calls: int = 1) -> None:
        """Adds calls that took so long each."""
        self.calls += calls
        self.errors += calls * is_error
        self.slow += calls * is_slow
        self.seconds += calls * seconds
        self.latencies[bisect_left(_BOUNDS, seconds)] += calls

    def add(self, other: Figures) -> None:
        """Adds what was counted elsewhere."""
        for each in _NUMBERS:
            setattr(self, each, getattr(self, each) + getattr(other, each))
        self.latencies = [
            one + more for one, more in zip(self.latencies, other.latencies, strict=True)
        ]

    def sample(self, metric: Metric) -> Sample:
        """What is known of a metric's mean."""
        if metric is Metric.SCORE:
            return Sample(self.outcomes, self.score)
        return Sample(self.calls, self.errors if metric is Metric.ERRORS else self.slow)

    def quantile(self, part: float) -> float:
        """Seconds within which this part of the calls were answered, to a tenth; 0 without any."""
        return quantile(self.latencies, part)


_NUMBERS: Final = tuple(each.name for each in fields(Figures) if each.name != "latencies")


def quantile(latencies: Sequence[int], part: float) -> float:
    """The geometric middle of the class that the quantile is in; 0 without any call."""
    wanted, seen = part * sum(latencies), 0
    for place, calls in enumerate(latencies):
        seen += calls
        if calls and seen >= wanted:
            above = _BOUNDS[min(place, len(_BOUNDS) - 1)]
            return above / math.sqrt(_RATIO) if place < len(_BOUNDS) else above
    return 0.0
