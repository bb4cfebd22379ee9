"""A log on the event loop: takes records at once, writes them in groups in a thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from enum import Enum
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from services._harness.shielded import in_thread
from services.replay.journal.frames import HEADER_BYTES, Buffer
from services.replay.journal.segment_writer import Item, Roll, SegmentWriter

SYNC_SECONDS = 0.05
"""How long written records may be volatile under `Durability.INTERVAL`."""

MOST_WAITING_BYTES = 256 * 2**20
"""How much may wait in memory for a disk that is full or slow."""

_RETRY_SECONDS = 0.25
# How long records that nobody waits for, such as draws, may gather.
_LAZY_SECONDS = 0.005


class Durability(Enum):
    """How safe something is when it is acknowledged."""

    NONE = "none"
    """Not at all: only checkpoints are on disk."""
    INTERVAL = "interval"
    """Written: it survives the process, and after SYNC_SECONDS a power cut."""
    FSYNC = "fsync"
    """Synced: it survives a power cut."""


Work: TypeAlias = Callable[[], object]
"""Something that the log's thread does when it has written a record, and nobody waits for."""

_Group: TypeAlias = "asyncio.Future[MazemeshError | None]"
"""Records that are written together. Result: None, or why they could not be written."""


class SegmentLog:
    """Records of one table on their way to disk, in the order in which they were appended.

    While a group is being written the next one gathers: one write, or one fsync, serves all calls
    that came meanwhile. When the disk is full, records wait in memory and are tried again. A thread
    of its own writes them: handing work to it costs less than half of what an executor's futures
    cost. `syncing` are threads that do nothing but sync logs: what they do is promised within
    SYNC_SECONDS, so no checkpoint or archive may be in their way.
    """

    def __init__(
        self,
        writer: SegmentWriter,
        syncing: Executor,
        durability: Durability,
        on_failure: Callable[[Exception], None],
        most_waiting_bytes: int = MOST_WAITING_BYTES,
    ) -> None:
        self._writer = writer
        self._sync_threads = syncing
        self._durability = durability
        self._on_failure = on_failure
        self._most_waiting_bytes = most_waiting_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Item] = deque()
        self._gathering: _Group | None = None
        self._writing: _Group | None = None
        self._later: list[Work] = []
        self._jobs: SimpleQueue[tuple[deque[Item], list[Work]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="replay-log", daemon=True)
        self._thread.start()
        self._lazily: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._trouble: MazemeshError | None = None
        self._is_dirty = False
        self._is_closed = False
        self._is_broken = False
        self.appended_bytes = 0
        # Of what was appended, what is written, and what will be with the group under way.
        self._written_bytes = self._writing_bytes = 0

    def check(self) -> None:
        """Raises ResourceExhausted while records cannot be written."""
        if self._trouble is not None:
            raise self._trouble

    def check_backlog(self) -> None:
        """Raises ResourceExhausted while no more records can be kept until they are written."""
        waiting = self.appended_bytes - self._written_bytes
        if waiting > self._most_waiting_bytes:
            raise ResourceExhausted(
                f"{waiting} bytes of the log wait to be written, more than the limit of "
                f"{self._most_waiting_bytes}: {self._trouble or 'the disk is too slow'}",
                retry_after=1.0,
            )

    def append(self, parts: Sequence[Buffer], later: Work | None = None) -> None:
        """Takes a record; its buffers must stay as they are until it is written.

        `later` is called in the log's thread some time after.
        """
        if later is not None:
            self._later.append(later)
        self.appended_bytes += HEADER_BYTES + sum(map(len, parts))
        self._add(parts)

    def roll(self) -> Roll:
        """Begins a new segment after all that was appended; once committed it has a number."""
        item = Roll()
        self._add(item)
        return item

    async def committed(self) -> None:
        """Returns when all that was appended is as safe as the durability promises.

        Raises:
            ResourceExhausted: it cannot be written now.
        """
        self.check()
        group = self._gathering or self._writing
        if group is not None:
            if self._writing is None:
                # Not at once: what else is appended in this turn of the loop goes along.
                self._loop.call_soon(self._write_next)
            # Many calls wait for the same group: one that is cancelled must not cancel it.
            error = await asyncio.shield(group)
            if error is not None:
                raise error

    async def close(self) -> None:
        """Writes and syncs everything. What still cannot be written is lost."""
        if self._is_closed:
            return
        self._write_next()
        while self._trouble is None and (group := self._gathering or self._writing) is not None:
            await asyncio.shield(group)
        self._is_closed = True
        self._trouble = Unavailable("the log is closed")
        if self._retry is not None:
            self._retry.cancel()
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.wait({self._syncing})
        self._jobs.put(None)
        # For once: at its end a log may wait for the disk in its own time.
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._writer.close)

    def _add(self, item: Item) -> None:
        if self._is_closed:
            return
        self._waiting.append(item)
        if self._gathering is None:
            self._gathering = self._loop.create_future()
            if self._writing is None:
                # Nobody waits for it yet: a little later more goes along.
                self._lazily = self._loop.call_later(_LAZY_SECONDS, self._write_next)

    def _write_next(self) -> None:
        """Hands over what gathered; the thread calls `_end_of_write` when it is done with it."""
        if self._writing is not None or not self._waiting:
            return
        if self._lazily is not None:
            self._lazily.cancel()
        self._writing, self._gathering = self._gathering or self._loop.create_future(), None
        self._writing_bytes = self.appended_bytes
        items, self._waiting = self._waiting, deque()
        later, self._later = self._later, []
        self._jobs.put((items, later))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            items, later = job
            failure: Exception | None = None
            try:
                self._writer.write(items)
                if self._durability is Durability.FSYNC:
                    self._writer.sync()
            except Exception as error:  # told where it is waited for
                failure = error
            self._loop.call_soon_threadsafe(self._end_of_write, items, failure)
            for work in later:
                work()

    def _end_of_write(self, items: deque[Item], failure: Exception | None) -> None:
        """Back on the event loop; `items` are what is left when it failed."""
        if self._is_closed or self._is_broken:
            return
        if isinstance(failure, OSError):
            self._trouble = ResourceExhausted(
                f"the log cannot be written ({failure.strerror or failure}); "
                "it goes on as soon as there is room",
                retry_after=5.0,
            )
            self._end_groups(self._trouble)
            self._retry = self._loop.call_later(_RETRY_SECONDS, self._jobs.put, (items, []))
        elif failure is not None:
            self._fail(failure)
        else:
            self._trouble = None
            self._written_bytes = self._writing_bytes
            group, self._writing = self._writing, None
            if group is not None and not group.done():
                group.set_result(None)
            self._write_next()
            self._sync_soon()

    def _sync_soon(self) -> None:
        self._is_dirty = True
        if self._durability is Durability.INTERVAL and (
            self._syncing is None or self._syncing.done()
        ):
            self._syncing = asyncio.create_task(self._keep_syncing())

    async def _keep_syncing(self) -> None:
        while self._is_dirty:
            await asyncio.sleep(SYNC_SECONDS)
            self._is_dirty = False
            try:
                await in_thread(self._sync_threads, self._writer.sync)
            except Exception as error:  # whatever it is: nobody else would hear of it
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Nothing is written any more."""
        self._is_broken = True
        self._on_failure(error)
        self._trouble = ResourceExhausted(f"the log failed: {error}")
        self._end_groups(self._trouble)

    def _end_groups(self, error: MazemeshError) -> None:
        for group in (self._writing, self._gathering):
            if group is not None and not group.done():
                group.set_result(error)
        self._gathering = None
