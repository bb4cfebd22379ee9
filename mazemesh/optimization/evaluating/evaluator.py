"""Who evaluates points: a Protocol, and the one that does it in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mazemesh.optimization.problem import Evaluation, Floats, Problem

Done = Callable[[int, Evaluation], None]
"""Takes the number of a batch and what it came to, in whatever order batches end."""


class Stopped(Exception):
    """The search was told to stop; what was done is kept."""


class Evaluator(Protocol):
    """Evaluates batches of points."""

    def evaluate(self, batches: Sequence[tuple[int, Floats]], done: Done) -> None:
        """Evaluates all batches, each a number and [points, variables]; calls `done` for each.

        Raises:
            Stopped: it was told to stop.
            MazemeshError: a batch cannot be evaluated.
        """
        ...

    def close(self) -> None:
        """Ends what it started."""
        ...


class LocalEvaluator:
    """Evaluates one batch after the other in the calling thread.

    For problems that other processes cannot open: functions typed into a notebook, closures.
    """

    def __init__(self, problem: Problem, stopped: Callable[[], bool] = lambda: False) -> None:
        self._problem, self._stopped = problem, stopped

    def evaluate(self, batches: Sequence[tuple[int, Floats]], done: Done) -> None:
        """See `Evaluator.evaluate`."""
        for number, points in batches:
            if self._stopped():
                raise Stopped
            done(number, self._problem.evaluated(points))

    def close(self) -> None:
        """See `Evaluator.close`."""
