"""What this instance has counted and not written down yet."""

from __future__ import annotations

from collections.abc import Mapping

from services.model.experiments.judging.figures import Figures

Counted = Mapping[str, Mapping[int, Figures]]
"""Figures by experiment and arm."""


class Tallies:
    """Counts of calls by experiment and arm; belongs to one event loop."""

    def __init__(self) -> None:
        self._fresh: dict[str, dict[int, Figures]] = {}
        self.totals: dict[str, dict[int, Figures]] = {}
        """Since this instance began to serve the experiments that run."""

    def count(
        self, experiment_id: str, arm: int, seconds: float, slow_seconds: float, *, is_error: bool
    ) -> None:
        """A call that took so long."""
        is_slow = seconds > slow_seconds
        for figures in self._of(experiment_id, arm):
            figures.count(seconds, is_slow=is_slow, is_error=is_error)

    def drop(self, experiment_id: str, arm: int) -> None:
        """A call that a shadow was not shown."""
        for figures in self._of(experiment_id, arm):
            figures.dropped += 1

    def agree(self, experiment_id: str, arm: int, compared: int, agreeing: int) -> None:
        """Rows that a shadow answered, and those in which it is of one mind with the first arm."""
        for figures in self._of(experiment_id, arm):
            figures.compared += compared
            figures.agreeing += agreeing

    def take(self) -> Counted:
        """What is fresh; from now on it is not."""
        taken, self._fresh = self._fresh, {}
        return taken

    def put_back(self, experiment_id: str, counted: Mapping[int, Figures]) -> None:
        """What could not be written down."""
        fresh = self._fresh.setdefault(experiment_id, {})
        for arm, figures in counted.items():
            fresh.setdefault(arm, Figures()).add(figures)

    def keep(self, experiment_ids: set[str]) -> None:
        """Forgets the totals of all others."""
        for one in self.totals.keys() - experiment_ids:
            del self.totals[one]

    def _of(self, experiment_id: str, arm: int) -> tuple[Figures, Figures]:
        fresh = self._fresh.setdefault(experiment_id, {})
        totals = self.totals.setdefault(experiment_id, {})
        return fresh.setdefault(arm, Figures()), totals.setdefault(arm, Figures())
