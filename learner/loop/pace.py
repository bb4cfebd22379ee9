"""When a run publishes, takes a snapshot, writes its journal and a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from learner.loop.schedule import Every
from learner.settings import LearnerSettings

JOURNAL_SECONDS = 5.0

PUBLISHING_SHARE = 1 / 3
"""Of the time, that Model may be busy with versions."""

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

    def due(self, now: float, agent_steps: int, *, learned: bool) -> Due:
        """Asked after each wait for a batch; `learned` tells whether one came.

        `agent_steps` is how many were learned from so far.
        """
        ...


class Freely:
    """A version after so many agent steps, everything else every so many seconds.

    Versions make way for the training: the next one waits until the last one's way to Model is
    `PUBLISHING_SHARE` of the time since. Where steps are slow, one comes by the clock. Times in
    seconds of any clock.

    Args:
        settings: How often.
        now: When training begins.
        agent_steps: Learned from by then.
        publishing_seconds: How long the last version took to be published.
        each_batch: Actors wait for versions, so one follows from each batch, whatever it takes.
    """

    def __init__(
        self,
        settings: LearnerSettings,
        now: float,
        agent_steps: int,
        publishing_seconds: Callable[[], float],
        *,
        each_batch: bool = False,
    ) -> None:
        self._each_batch = each_batch
        self._every_steps, self._every_seconds = settings.publish_steps, settings.publish_seconds
        self._published_at, self._published_steps = now, agent_steps
        self._publishing_seconds = publishing_seconds
        self._snapshot = Every(settings.snapshot_seconds, now, early=2)
        self._journal = Every(JOURNAL_SECONDS, now, early=4)
        self._checkpoint = Every(settings.checkpoint_seconds, now)

    def due(self, now: float, agent_steps: int, *, learned: bool) -> Due:
        """See `Pace.due`."""
        snapshot = self._snapshot.due(now)
        waited_for = learned and self._each_batch
        publish = snapshot or waited_for or self._is_time(now, agent_steps)
        if publish:
            self._published_at, self._published_steps = now, agent_steps
        return Due(publish, snapshot, self._journal.due(now), self._checkpoint.due(now))

    def _is_time(self, now: float, agent_steps: int) -> bool:
        passed = now - self._published_at
        if passed >= self._every_seconds:
            return True
        enough = agent_steps - self._published_steps >= self._every_steps
        return enough and self._publishing_seconds() <= PUBLISHING_SHARE * passed


class ByBatch:
    """In lockstep: a version and a journal line after each batch.

    Only checkpoints, which change nothing that is learned, go by the clock.
    """

    def __init__(self, settings: LearnerSettings, now: float) -> None:
        self._checkpoint = Every(settings.checkpoint_seconds, now)
        self._batches = 0

    def due(self, now: float, agent_steps: int, *, learned: bool) -> Due:
        """See `Pace.due`."""
        self._batches += learned
        snapshot = learned and self._batches % LOCKSTEP_SNAPSHOT_BATCHES == 0
        return Due(learned, snapshot, learned, self._checkpoint.due(now))
