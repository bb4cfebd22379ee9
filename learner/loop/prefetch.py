"""Fetches the next batch while the trainer learns from this one."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np
import structlog

from learner.loop.parts import Parts
from learner.ports import Batch, ExperienceSource, Priorities
from mazemesh import tracing
from mazemesh.errors import (
    DeadlineExceeded,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.experience import rows_a_message
from mazemesh.v1 import replay_pb2
from mazemesh.wire.tensors import Signature

log = structlog.get_logger("learner.loop.prefetch")

SAMPLE_SECONDS = 1.0
"""How long one request waits for the rate limiter; then the stop signal is looked at."""

RETRY_SECONDS = 0.5

HEADROOM = 3.0
"""A batch is asked for so many times earlier than it usually takes to come."""


class Prefetcher:
    """A thread that draws batches of `batch_size` rows from a table, shortly before they are due.

    A batch that is larger than a message should be is drawn in several requests.

    What waits here is experience of ever older policies, and leaves room in the table for more of
    it. So the next batch is asked for when the trainer has nearly learned from the one before, by
    what the last one took of it. New priorities ride on the next request. When Replay was restarted
    without the table, the table is made again; while it is away, the thread asks again.

    Attributes:
        send: Gets each batch on its way to the trainer (`learner.device.place.Place.send`).
    """

    def __init__(
        self,
        source: ExperienceSource,
        table: replay_pb2.Table,
        signature: Signature,
        batch_size: int,
        stop: threading.Event,
    ) -> None:
        self._source, self._table, self._signature = source, table, signature
        self._parts, self._stop = Parts(batch_size, rows_a_message(signature)), stop
        self._batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self._wanted = threading.Semaphore(1)
        self._waiting = threading.Event()
        self._waiting.set()  # from the start until the first batch
        self._taken_at = self._learning = self._fetching = 0.0
        self._updates: queue.SimpleQueue[Priorities] = queue.SimpleQueue()
        self._error: Exception | None = None
        self.send: Callable[[Batch], Batch] = lambda batch: batch
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)

    def start(self) -> None:
        """Begins to fetch. It may be told later where batches are to be sent."""
        self._thread.start()

    def next(self, timeout: float) -> Batch | None:
        """The next batch; None when there is none within `timeout` seconds.

        Raises:
            Exception: what ended the thread: a `MazemeshError`, when Replay refuses the request
                itself; a RuntimeError, when the device does not take the batch; or any other.
        """
        if not self._waiting.is_set():
            self._learning = time.monotonic() - self._taken_at
            self._waiting.set()
        try:
            batch = self._batches.get(timeout=timeout)
        except queue.Empty:
            if self._error is not None:
                raise self._error from None
            return None
        self._taken_at = time.monotonic()
        self._waiting.clear()
        self._wanted.release()
        return batch

    def update_priorities(self, priorities: Priorities) -> None:
        """Sends new priorities with the next request."""
        self._updates.put(priorities)

    def close(self, timeout: float) -> None:
        """Waits for the thread, which ends with the stop event."""
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                if not self._wanted.acquire(timeout=0.2):
                    continue
                self._wait_until_due()
                batch = None
                while batch is None and not self._stop.is_set():
                    batch = self._sample()
                if batch is not None:
                    self._batches.put(self.send(batch))
        except Exception as error:
            # Whatever it is ends the training too: without this thread there would be no more of
            # it, and nobody would know why.
            log.error("no more batches", reason=str(error), kind=type(error).__name__)
            self._error = error

    def _wait_until_due(self) -> None:
        """Returns early when the trainer waits already, or everything stops."""
        due = self._taken_at + self._learning - HEADROOM * self._fetching
        while not self._stop.is_set() and (left := due - time.monotonic()) > 0:
            if self._waiting.wait(min(left, 0.2)):
                return

    def _sample(self) -> Batch | None:
        """One request; None when the batch is not whole by it, and another should be made."""
        began = time.monotonic()
        before = self._fetching if self._parts.begun else 0.0
        try:
            with tracing.span("fetch batch", parent=""):
                part = self._source.sample(
                    self._table.name,
                    self._parts.wanted,
                    signature=self._signature,
                    timeout=SAMPLE_SECONDS,
                    priority_updates=self._take_updates(),
                )
            # Where rows were waited for this is long, and the next request early: rows that are
            # not there do not grow old.
            self._fetching = before + time.monotonic() - began
            return self._parts.add(part)
        except DeadlineExceeded:
            return None
        except NotFound:
            log.warning("table is gone, making it again", table=self._table.name)
            self._parts.clear()
            self._make_table()
            return None
        except (Unavailable, ResourceExhausted) as error:
            log.warning("replay does not serve now", reason=str(error))
            self._stop.wait(RETRY_SECONDS)
            return None

    def _make_table(self) -> None:
        try:
            self._source.create_table(self._table)
        except (Unavailable, DeadlineExceeded):
            self._stop.wait(RETRY_SECONDS)

    def _take_updates(self) -> Priorities | None:
        waiting: list[Priorities] = []
        while not self._updates.empty():
            waiting.append(self._updates.get())
        if not waiting:
            return None
        return np.concatenate([k for k, _ in waiting]), np.concatenate([p for _, p in waiting])


def make_table(source: ExperienceSource, table: replay_pb2.Table, stop: threading.Event) -> bool:
    """Makes the table as soon as Replay is there.

    Returns:
        False when the stop event was set before.

    Raises:
        Conflict: another table stands under the name.
        InvalidArgument: Replay does not accept the table.
    """
    started, warned = time.monotonic(), False
    while not stop.is_set():
        try:
            source.create_table(table)
        except (Unavailable, DeadlineExceeded) as error:
            if not warned and time.monotonic() - started > 5:
                log.warning("waiting for replay", reason=str(error))
                warned = True
            stop.wait(0.1)
        else:
            return True
    return False


def is_packed(source: ExperienceSource, name: str) -> bool:
    """Whether the table that is there, in all its parts, is stored packed.

    One that was made before, by a run that packed nothing, goes on as it is.
    """
    found = [one.table for one in source.list_tables() if one.table.name == name]
    return all(table.signature.packed_hash for table in found)
