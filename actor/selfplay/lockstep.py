"""Takes turns with the learner: one seed then gives one course of training.

What an actor does otherwise depends on when versions arrive and whom the Matchmaker has seen by
then. In lockstep the policy changes only where a batch of experience ends, and the opponents are
drawn here, from versions that are all published by that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from mazemesh.collecting.step import Experience
from mazemesh.v1.model_pb2 import PolicyVersion

_LATEST_SHARE = 0.5
"""Of the episodes; in the others each snapshot and bot is as likely as any."""


class Registry(Protocol):
    """What is needed of the Model service (`mazemesh.client.model.ModelClient`)."""

    def list(self, name: str = "", *, snapshots_only: bool = False) -> Iterable[PolicyVersion]:
        """Versions of a name, newest first."""
        ...


class Follower(Protocol):
    """The student (`actor.selfplay.student.student.Student`)."""

    @property
    def version(self) -> int:
        """Of the policy that acts now."""
        ...

    def wait_newer(self, version: int) -> None:
        """Returns when a newer version acts, or everything stops."""
        ...


class LockstepOpponents:
    """Opponents by fictitious self-play: the latest version, or any snapshot or bot.

    A `Supply` that asks nobody while games run; `refresh` looks for new snapshots.
    """

    def __init__(
        self, registry: Registry, student: str, bots: Sequence[str], rng: np.random.Generator
    ) -> None:
        self._registry, self._student, self._rng = registry, student, rng
        self._bots = list(bots)
        self._others: Sequence[str] = self._bots

    def refresh(self) -> None:
        """Looks for snapshots.

        Raises:
            MazemeshError: Model does not answer.
        """
        versions = self._registry.list(self._student, snapshots_only=True)
        self._others = [*self._bots, *(f"{one.name}:{one.version}" for one in versions)]

    def take(self) -> str:
        """The opponent of one episode."""
        if not self._others or self._rng.random() < _LATEST_SHARE:
            return f"{self._student}:latest"
        return self._others[int(self._rng.integers(len(self._others)))]

    def report(self, opponent: str, score: float) -> None:
        """Outcomes do not choose opponents here."""


class Turns:
    """Counts what was written and waits for the learner's turn after the rows of each batch.

    Args:
        student: Who acts.
        batch_rows: Rows between two batches.
        first_rows: Rows before the first one.
        opponents: Told of new snapshots after each turn; None in a game of one seat.
    """

    def __init__(
        self,
        student: Follower,
        batch_rows: int,
        opponents: LockstepOpponents | None,
        first_rows: int = 0,
    ) -> None:
        self._student, self._batch_rows, self._opponents = student, batch_rows, opponents
        self._left = first_rows or batch_rows

    def parts(self, experience: Experience) -> Iterator[Experience]:
        """Itself in order, cut where the learner's turns are; ask for the next when one is written.

        What is drawn from a table depends on the rows that are in it: there are as many at each
        turn, and no more.
        """
        start = 0
        while start < experience.rows:
            end = min(experience.rows, start + self._left)
            yield experience.part(start, end)
            start = end

    def written(self, rows: int, acted: int) -> None:
        """Notes `rows` rows, at most a batch, written while version `acted` was the student's.

        Raises:
            MazemeshError: Model does not answer.
        """
        self._left -= rows
        if self._left > 0:
            return
        self._left += self._batch_rows
        self._student.wait_newer(acted)
        if self._opponents is not None:
            self._opponents.refresh()
