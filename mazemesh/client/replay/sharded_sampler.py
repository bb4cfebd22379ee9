"""Reads batches from one table over several Replay services, some of them drawn ahead."""

from __future__ import annotations

import queue
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.replay.experience import finite_seconds
from mazemesh.client.replay.experience_stream import ExperienceStream
from mazemesh.client.replay.sharded_replay import ShardedReplay, by_shard
from mazemesh.errors import DeadlineExceeded, MazemeshError
from mazemesh.wire.experience_batch import ExperienceBatch

_CALL_SECONDS = 60.0


class ShardedSampler(ExperienceStream):
    """See `ExperienceSampler`, and `ReplayShards` for keys: they are pairs of shard and key.

    A thread draws the batches one after the other, at most `in_flight` that were not yet taken;
    each goes over all shards by their mass, a queue's in equal parts. `close` ends the thread, and
    closes the table that was given. An error that is no `MazemeshError` ends it as well, and is
    raised by every `receive` from then on.
    """

    def __init__(
        self,
        table: ShardedReplay,
        batch_size: int,
        in_flight: int = 2,
        min_policy_version: int = 0,
    ) -> None:
        if in_flight < 1:
            raise ValueError(f"in_flight is {in_flight}; expected at least 1")
        self.table = table.table
        self.batch_size = batch_size
        self.min_policy_version = min_policy_version
        """Goes with every draw from now on; see `ReplayClient.sample`."""
        self._shards = table
        self._room = threading.Semaphore(in_flight)
        self._drawn: queue.SimpleQueue[ExperienceBatch | Exception | None] = queue.SimpleQueue()
        self._updates: queue.SimpleQueue[tuple[npt.NDArray[Any], npt.ArrayLike]] = (
            queue.SimpleQueue()
        )
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sharded-sampler", daemon=True)
        self._thread.start()

    def receive(self, timeout: float | None = None) -> ExperienceBatch | None:
        """See `ExperienceStream`."""
        try:
            drawn = self._drawn.get(timeout=finite_seconds(timeout))
        except queue.Empty:
            return None
        if self._closed.is_set():
            self._drawn.put(None)  # for whoever asks again
            return None
        if isinstance(drawn, Exception) and not isinstance(drawn, MazemeshError):
            self._drawn.put(drawn)  # the thread has ended by it: nothing else will come
            raise drawn
        self._room.release()
        if isinstance(drawn, MazemeshError):
            raise drawn
        return drawn

    def update_priorities(self, keys: npt.NDArray[Any], priorities: npt.ArrayLike) -> None:
        """Sends new priorities along with the next draw, before its rows are drawn."""
        self._updates.put((keys, priorities))

    def close(self) -> None:
        """See `ExperienceStream`."""
        self._closed.set()
        self._drawn.put(None)
        self._room.release()
        self._shards.close()
        self._thread.join()

    def _work(self) -> None:
        while self._room.acquire() and not self._closed.is_set():
            try:
                self._drawn.put(self._draw())
            except MazemeshError as error:
                self._drawn.put(error)
            except Exception as error:  # told to whoever receives, who would wait for ever
                self._drawn.put(error)
                return

    def _draw(self) -> ExperienceBatch:
        while True:
            try:
                return self._shards.sample(
                    self.batch_size,
                    timeout=_CALL_SECONDS,
                    updates=self._take_updates(),
                    min_policy_version=self.min_policy_version,
                ).with_pairs()
            except DeadlineExceeded:
                # The limiter may let a draw wait for long; what some shards gave is kept.
                continue

    def _take_updates(self) -> dict[int, tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]]:
        waiting = []
        while not self._updates.empty():
            waiting.append(self._updates.get())
        if not waiting:
            return {}
        keys, priorities = zip(*waiting, strict=True)
        return by_shard(np.concatenate(keys), np.concatenate(priorities))
