"""A trial: one run with one set of hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mazemesh.errors import MazemeshError
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import Value


class TrialFailed(MazemeshError):
    """The run broke; the message says why."""


class TrialInterrupted(Exception):
    """The search is being stopped; the trial has no result."""


class TrialPruned(Exception):
    """The trial was ended early because it promised too little."""


@dataclass(frozen=True)
class Progress:
    """A trial under way.

    Attributes:
        seconds: Since it began.
        success: Of the newest snapshot; None before the first probe.
        rating: Highest lower bound of a snapshot's rating; None before, or when nobody asked.
    """

    seconds: float
    success: float | None = None
    rating: float | None = None

    def measure(self, name: str) -> float | None:
        """One of the two, by its name."""
        return {"success": self.success, "rating": self.rating}[name]


Report = Callable[[Progress], bool]
"""Told of progress every few seconds; answers whether to prune the trial."""


class TrialRunner(Protocol):
    """Runs trials; several at once from several threads."""

    def run(self, number: int, parameters: Mapping[str, Value], report: Report) -> Measurement:
        """Runs one to its end.

        Raises:
            TrialFailed: it broke.
            TrialPruned: `report` answered yes.
            TrialInterrupted: the search was stopped meanwhile.
        """
        ...
