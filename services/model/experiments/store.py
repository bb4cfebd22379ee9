"""What experiments rest on: rows of the registry's transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.model.experiments.experiment import Experiment
from services.model.experiments.judging.figures import Figures


@dataclass(frozen=True, slots=True)
class Known:
    """A session that was written down: its arm, and its score once it has an outcome."""

    arm: int
    score: float | None = None


class Experiments(Protocol):
    """All experiments, what their arms did, and sessions of theirs."""

    def get(self, experiment_id: str) -> Experiment | None:
        """The experiment, or None."""

    def hold(self, experiment_id: str) -> Experiment | None:
        """As `get`; until the transaction ends nobody else holds it. It comes before changes."""

    def running(self) -> list[Experiment]:
        """Those that run, by id."""

    def page(
        self, name: str, before: int, limit: int, *, running_only: bool
    ) -> list[tuple[int, Experiment]]:
        """Experiments with their positions, the last started first; of one name, or (empty) all.

        `before` is a position, 0 for the last.
        """

    def add(self, experiment: Experiment) -> None:
        """Adds an experiment of a new id, of which nothing has been counted."""

    def put(self, experiment: Experiment) -> None:
        """Replaces one; its definition stays."""

    def figures(self, experiment_id: str) -> list[Figures]:
        """Of all arms, in order."""

    def count(self, experiment_id: str, more: Mapping[int, Figures]) -> None:
        """Adds to the figures of arms; only after `hold`."""

    def sessions(self, experiment_id: str, sessions: Sequence[str]) -> dict[str, Known]:
        """Those of the sessions that were written down."""

    def assign(self, experiment_id: str, arms: Mapping[str, int]) -> None:
        """Writes down the arms of sessions that were not; only after `hold`."""

    def settle(self, experiment_id: str, scores: Mapping[str, float]) -> None:
        """Writes down outcomes of sessions that were assigned and have none; only after `hold`."""

    def assigned(self, experiment_id: str) -> int:
        """How many sessions were written down."""

    def in_use(self, name: str) -> dict[int, str]:
        """Versions of a name that are arms of an experiment that runs, and its id."""

    def forget_sessions(self, ended_before: datetime) -> int:
        """Deletes sessions of experiments that ended before; how many these are."""
