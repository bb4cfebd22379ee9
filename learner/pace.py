"""When a run publishes, takes a snapshot, writes its journal and a checkpoint."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from learner.schedule import Every
from learner.settings import LearnerSettings

JOURNAL_SECONDS = 5.0

LOCKSTEP_SNAPSHOT_BATCHES = 100
"""Between snapshots in lockstep, where nothing that is learned may depend on the clock."""


class Due(NamedTuple):
    """What is to be done now."""

    publish: bool
    snapshot: bool
    journal: bool
    checkpoint: bool


class Pace(Protocol):
    """Says what is due."""

    def due(self, now: float, *, learned: bool) -> Due:
        """Asked after each wait for a batch; `learned` tells whether one came."""
        ...


class ByClock:
    """Every so many seconds each; times in seconds of any clock."""

    def __init__(self, settings: LearnerSettings, now: float) -> None:
        self._publish = Every(settings.publish_seconds, now)
        self._snapshot = Every(settings.snapshot_seconds, now, eager=True)
        self._journal = Every(JOURNAL_SECONDS, now)
        self._checkpoint = Every(settings.checkpoint_seconds, now)

    def due(self, now: float, *, learned: bool) -> Due:
        """See `Pace.due`."""
        snapshot = self._snapshot.due(now)
        publish = self._publish.due(now)
        return Due(publish or snapshot, snapshot, self._journal.due(now), self._checkpoint.due(now))


class ByBatch:
    """In lockstep: a version and a journal line after each batch.

    Only checkpoints, which change nothing that is learned, go by the clock.
    """

    def __init__(self, settings: LearnerSettings, now: float) -> None:
        self._checkpoint = Every(settings.checkpoint_seconds, now)
        self._batches = 0

    def due(self, now: float, *, learned: bool) -> Due:
        """See `Pace.due`."""
        self._batches += learned
        snapshot = learned and self._batches % LOCKSTEP_SNAPSHOT_BATCHES == 0
        return Due(learned, snapshot, learned, self._checkpoint.due(now))
