"""Pushes experience to Replay beside the game loop."""

from __future__ import annotations

import queue
import threading
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from actor.step import Batch, Experience
from mazemesh.errors import DeadlineExceeded, MazemeshError, NotFound, Unavailable

log = structlog.get_logger()


class Writer(Protocol):
    """What is needed of Replay (`mazemesh.client.replay.ExperienceWriter`)."""

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

    `put` blocks until there is room: that is how Replay's rate limiter slows the games down. What
    waits grows old, so while one batch is being written the next is being played, and none waits.

    Attributes:
        rows: Rows acknowledged so far.
        error: What ended the thread, if it was not `stop`.
    """

    def __init__(self, writer: Writer, stop: threading.Event, pending: int = 1) -> None:
        self._writer = writer
        self._stop = stop
        self._room = threading.Semaphore(pending)
        self._queue: queue.SimpleQueue[Experience] = queue.SimpleQueue()
        self.rows = 0
        self.error: MazemeshError | None = None

    def put(self, experience: Experience) -> None:
        """Hands over one batch; returns without it when stopping.

        Raises:
            MazemeshError: what ended the thread.
        """
        while not self._stop.is_set():
            if self.error is not None:
                raise self.error
            if self._room.acquire(timeout=0.2):
                self._queue.put(experience)
                return

    def run(self) -> None:
        """Writes until `stop` is set. Runs in a thread."""
        while not self._stop.is_set():
            try:
                experience = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._write(experience)
            except MazemeshError as error:
                log.error("experience refused", reason=str(error))
                self.error = error
                return
            self._room.release()

    def _write(self, experience: Experience) -> None:
        while not self._stop.is_set():
            try:
                self._writer.append(
                    experience.columns, experience.priorities, experience.policy_versions
                )
            except (Unavailable, DeadlineExceeded, NotFound) as error:
                # Replay restarts, or the learner has not made its table again yet.
                log.info("replay does not take experience now", reason=str(error))
                self._stop.wait(0.5)
            else:
                self.rows += experience.rows
                return
