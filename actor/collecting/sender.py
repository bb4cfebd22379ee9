"""Pushes experience to Replay beside the game loop."""

from __future__ import annotations

import queue
import threading
import time
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from actor.collecting.step import Batch, Experience
from mazemesh.errors import (
    DeadlineExceeded,
    NotFound,
    ResourceExhausted,
    Unavailable,
)

log = structlog.get_logger()


LONG_SECONDS = 0.02
"""For a write; then it waits for room in the table, and the learner is behind."""


class Writer(Protocol):
    """What is needed of Replay (`mazemesh.client.replay.replay.ExperienceWriter`)."""

    def append(
        self,
        columns: Batch,
        priorities: npt.NDArray[np.float64] | None = None,
        policy_versions: npt.NDArray[np.int64] | None = None,
    ) -> object:
        """Stores one batch, once, however often it is tried."""
        ...


class ExperienceSender:
    """A thread that writes batches in order, `pending` at most at a time.

    Replay's rate limiter slows the games down, since what waits grows old: `put` blocks until fewer
    than `pending` wait. And what is played while a batch waits for room would wait after it:
    `keep_pace` blocks until it has found some, so that the next is played by a policy that has
    learned meanwhile.

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
        *,
        drain_seconds: float = 0.0,
    ) -> None:
        self._writer = writer
        self._stop = stop
        self._drain_seconds = drain_seconds
        self._room = threading.Semaphore(pending)
        self._queue: queue.SimpleQueue[Experience] = queue.SimpleQueue()
        self._progress = threading.Event()
        self._taken = self._done = 0
        self._taken_at = 0.0
        self.rows = 0
        self.error: Exception | None = None

    def put(self, experience: Experience) -> None:
        """Hands over one batch; returns without it when stopping.

        Raises:
            Exception: what ended the thread.
        """
        self.check()
        while not self._stop.is_set():
            self.check()
            if self._room.acquire(timeout=0.2):
                self._taken += 1
                self._taken_at = time.monotonic()
                self._queue.put(experience)
                return

    def check(self) -> None:
        """Raises what ended the thread, if it was not `stop`."""
        if self.error is not None:
            raise self.error

    def keep_pace(self) -> None:
        """Blocks while what was put takes long to be written; to be called between steps.

        Returns at once when stopping, or when an error has ended the thread: `put` raises it.
        """
        while self._done < self._taken and time.monotonic() - self._taken_at > LONG_SECONDS:
            if self._stop.is_set() or self.error is not None:
                return
            self._progress.wait(0.2)
            self._progress.clear()

    def run(self) -> None:
        """Writes until `stop` is set. Runs in a thread."""
        while not self._stop.is_set():
            try:
                experience = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._write(experience)
            except Exception as error:  # of Replay, or whatever it was
                log.error("experience refused", reason=str(error), kind=type(error).__name__)
                self.error = error
                self._stop.set()
                return
            self._done += 1
            self._progress.set()
            self._room.release()
        self._drain()

    def _drain(self) -> None:
        """Writes what still waits, for as long as stopping may take; the rest goes unwritten."""
        until = time.monotonic() + self._drain_seconds
        while time.monotonic() < until:
            try:
                experience = self._queue.get_nowait()
            except queue.Empty:
                return
            self._append_until(experience, until)

    def _append_until(self, experience: Experience, until: float) -> None:
        while True:
            try:
                self._append(experience)
            except (Unavailable, DeadlineExceeded, NotFound, ResourceExhausted) as error:
                left = until - time.monotonic()
                if left <= 0:
                    log.warning("rows are left behind", rows=experience.rows, reason=str(error))
                    return
                threading.Event().wait(min(0.5, left))  # nobody sets this one
            else:
                return

    def _append(self, experience: Experience) -> None:
        self._writer.append(experience.columns, experience.priorities, experience.policy_versions)
        self.rows += experience.rows

    def _write(self, experience: Experience) -> None:
        while not self._stop.is_set():
            try:
                self._append(experience)
            except (Unavailable, DeadlineExceeded, NotFound, ResourceExhausted) as error:
                # Replay restarts, has no room, or the learner has not made its table again yet.
                log.info("replay does not take experience now", reason=str(error))
                self._stop.wait(0.5)
            else:
                return
        if self._drain_seconds > 0:
            self._append_until(experience, time.monotonic() + self._drain_seconds)
