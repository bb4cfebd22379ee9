"""Keeps an actor from playing far ahead of its learner."""

from __future__ import annotations

from collections import deque
from typing import Protocol

PATIENCE = 30.0
"""Seconds that a version is waited for. What it should be learned from may be lost: with a learner
that was killed, or a Replay that forgot what was not on disk yet."""


class Follower(Protocol):
    """The student (`actor.selfplay.student.student.Student`)."""

    def wait_newer(self, version: int, patience: float = ...) -> None:
        """Returns when a newer version acts, after `patience` seconds, or when everything stops."""
        ...


class Ahead:
    """Waits where more batches are written than a version may be behind.

    By itself a queue lets an actor play several batches by one version: one is learned from, one
    waits, one is on its way. Where a batch is a few hundred steps and many gradient steps, that is
    experience of another policy, and a run of a few ten thousand steps is spent on it.

    The learner publishes after each batch, so a version that is newer than the one by which a batch
    was played to its end was learned from it, or from one before it.

    Args:
        student: Who acts.
        batch_rows: Of a batch.
        batches: Written at most by what acted when the first of them was; at least 1.
    """

    def __init__(self, student: Follower, batch_rows: int, batches: int) -> None:
        self._student, self._batch_rows, self._batches = student, batch_rows, batches
        self._rows = 0
        self._acted: deque[int] = deque()

    def written(self, rows: int, acted: int) -> None:
        """Notes `rows` rows, written while version `acted` was the student's; waits if need be."""
        self._rows += rows
        while self._rows >= self._batch_rows:
            self._rows -= self._batch_rows
            self._acted.append(acted)
            if len(self._acted) >= self._batches:
                self._student.wait_newer(self._acted.popleft(), PATIENCE)
