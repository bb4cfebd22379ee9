"""Pushes experience to Replay beside the game loop."""

from __future__ import annotations

import math
import queue
import threading
import time
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from mazemesh import tracing
from mazemesh.client.calling.pauses import jittered
from mazemesh.collecting.step import Batch, Experience
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import (
    DeadlineExceeded,
    NotFound,
    ResourceExhausted,
    Unavailable,
)

log = structlog.get_logger()


_LOOK_SECONDS = 0.2
_AGAIN_SECONDS = 0.5
_LONGEST_WAY_SECONDS = 1.0

LONG_SECONDS = 0.02
"""For a write, beyond the way to Replay and back; then it waits for room in the table, and the
learner is behind."""


class Writer(Protocol):
    """What is needed of Replay (`mazemesh.client.replay.replay.ExperienceWriter`)."""

    def append(
        self,
        columns: Batch,
        priorities: npt.NDArray[np.float64] | None = None,
        policy_versions: npt.NDArray[np.int64] | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> object:
        """Stores one batch, once, however often it is tried."""
        ...


class ExperienceSender:
    """A thread that writes batches in order, `pending` at most at a time.

    Replay's rate limiter slows the games down, since what waits grows old: `put` blocks until fewer
    than `pending` wait. And what is played while a batch waits for room would wait after it:
    `keep_pace` blocks until it has found some, so that the next is played by a policy that has
    learned meanwhile.

    After `stop` it goes on for `drain_seconds`, so that rows which were played to their end are
    not lost: what waits is written, and `put` takes what is still handed over.

    Attributes:
        rows: Rows acknowledged so far.
        error: What ended the thread, if it was not `stop`; it has set `stop` then, since whoever
            waits for what becomes of the rows would wait for ever.
    """

    def __init__(
        self,
        writer: Writer,
        stop: threading.Event,
        pending: int = 2,
        drain_seconds: float = 0.0,
    ) -> None:
        self._writer = writer
        self._stop = stop
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None
        self._no_more = threading.Event()
        self._room = threading.Semaphore(pending)
        self._queue: queue.SimpleQueue[tuple[Experience, str]] = queue.SimpleQueue()
        self._progress = threading.Event()
        self._taken = self._done = 0
        self._taken_at = 0.0
        # Of all so far: the first find an empty table, so it is what the way there takes.
        self._fastest = math.inf
        self.rows = 0
        self.error: Exception | None = None

    def put(self, experience: Experience, patience: float = math.inf) -> bool:
        """Hands over one batch, and tells whether it did.

        It does not where there is no room for `patience` seconds, and when it is too late for it.

        Raises:
            Exception: what ended the thread.
        """
        self.check()
        until = time.monotonic() + patience
        while not self._over():
            self.check()
            if self._room.acquire(timeout=_left(until)):
                self._taken += 1
                self._taken_at = time.monotonic()
                self._queue.put((experience, tracing.current()))
                return True
            if time.monotonic() >= until:
                return False
        return False

    def check(self) -> None:
        """Raises what ended the thread, if it was not `stop`."""
        if self.error is not None:
            raise self.error

    def keep_pace(self, patience: float = math.inf) -> None:
        """Blocks while what was put takes long to be written; to be called between steps.

        It does so for `patience` seconds at most. Returns at once when stopping, or when an error
        has ended the thread: `put` raises it.
        """
        until = time.monotonic() + patience
        way = 0.0 if math.isinf(self._fastest) else min(self._fastest, _LONGEST_WAY_SECONDS)
        while self._done < self._taken and time.monotonic() - self._taken_at > LONG_SECONDS + way:
            if self._stop.is_set() or self.error is not None or time.monotonic() >= until:
                return
            self._progress.wait(_left(until))
            self._progress.clear()

    def finish(self) -> bool:
        """Waits, when stopping, until all is written or it is too late; whether all is.

        An append that is still held up then is ended by closing the writer.
        """
        self._no_more.set()
        while self._done < self._taken and not self._over():
            self._progress.wait(_LOOK_SECONDS)
            self._progress.clear()
        return self._done == self._taken

    def run(self) -> None:
        """Writes until `stop` is set and all that was put is written. Runs in a thread."""
        while not self._over():
            try:
                experience, trace = self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if self._no_more.is_set():
                    return
                continue
            try:
                with tracing.span("send experience", parent=trace):
                    self._write(experience)
            except Exception as error:  # of Replay, or whatever it was
                log.error("experience refused", reason=str(error), kind=type(error).__name__)
                self.error = error
                self._stop.set()
                return
            self._done += 1
            self._progress.set()
            self._room.release()

    def _over(self) -> bool:
        """Whether nothing is to be written any more: after an error, or some time after `stop`."""
        if self.error is not None:
            return True
        if not self._stop.is_set():
            return False
        now = time.monotonic()
        if self._drained_at is None:
            self._drained_at = now + self._drain_seconds
        return now >= self._drained_at

    def _write(self, experience: Experience) -> None:
        while not self._over():
            began = time.monotonic()
            try:
                self._writer.append(
                    experience.columns,
                    experience.priorities,
                    experience.policy_versions,
                    episodes=experience.episodes,
                )
            except (Unavailable, DeadlineExceeded, NotFound, ResourceExhausted) as error:
                # Replay restarts, has no room, or the learner has not made its table again yet.
                log.info("replay does not take experience now", reason=str(error))
                self._pause(jittered(_AGAIN_SECONDS))
            else:
                self.rows += experience.rows
                self._fastest = min(self._fastest, time.monotonic() - began)
                return

    def _pause(self, seconds: float) -> None:
        """Until the next attempt, as nothing tells when Replay takes some; a stop ends it."""
        if self._drained_at is None:
            self._stop.wait(seconds)
        else:
            time.sleep(min(seconds, max(0.0, self._drained_at - time.monotonic())))


def _left(until: float) -> float:
    """Until then, but no longer than it may take to heed a stop."""
    return min(_LOOK_SECONDS, max(0.0, until - time.monotonic()))
