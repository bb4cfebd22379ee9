"""A log on the event loop: takes records at once, writes them in groups in a thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from enum import Enum

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from services.replay.stores.frames import HEADER_BYTES, Buffer
from services.replay.stores.segment_writer import Item, Roll, SegmentWriter, SyncError

SYNC_SECONDS = 0.05
"""How long written records may be volatile under `Durability.INTERVAL`."""

_RETRY_SECONDS = 0.25


class Durability(Enum):
    """How safe something is when it is acknowledged."""

    NONE = "none"
    """Not at all: only checkpoints are on disk."""
    INTERVAL = "interval"
    """Written: it survives the process, and after SYNC_SECONDS a power cut."""
    FSYNC = "fsync"
    """Synced: it survives a power cut."""


class SegmentLog:
    """Records of one table on their way to disk, in the order in which they were appended.

    While a group is being written the next one gathers: one write, or one fsync, serves all calls
    that came meanwhile. When the disk is full, records wait in memory and are tried again.
    """

    def __init__(
        self,
        writer: SegmentWriter,
        threads: Executor,
        durability: Durability,
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._writer = writer
        self._threads = threads
        self._durability = durability
        self._on_failure = on_failure
        self._waiting: deque[Item] = deque()
        # Result: None, or why the group could not be written.
        self._gathering: asyncio.Future[MazemeshError | None] | None = None
        self._writing: asyncio.Future[MazemeshError | None] | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._trouble: MazemeshError | None = None
        self._is_dirty = False
        self._is_closed = False
        self.appended_bytes = 0

    def check(self) -> None:
        """Raises ResourceExhausted while records cannot be written."""
        if self._trouble is not None:
            raise self._trouble

    def append(self, parts: Sequence[Buffer]) -> None:
        """Takes a record; its buffers must stay as they are until it is written."""
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
            # Many calls wait for the same group: one that is cancelled must not cancel it.
            error = await asyncio.shield(group)
            if error is not None:
                raise error

    async def close(self) -> None:
        """Writes and syncs everything. What still cannot be written is lost."""
        if self._is_closed:
            return
        if self._flusher is not None and self._trouble is None:
            await asyncio.wait({self._flusher})
        for task in (self._flusher, self._syncing):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        self._is_closed = True
        self._trouble = Unavailable("the log is closed")
        await self._run(self._writer.close)

    def _add(self, item: Item) -> None:
        if self._is_closed:
            return
        self._waiting.append(item)
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().create_future()
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while self._waiting:
            self._writing, self._gathering = self._gathering, None
            items, self._waiting = self._waiting, deque()
            try:
                await self._write(items)
            except Exception as error:
                self._fail(error)
                return
            if self._writing is not None and not self._writing.done():
                self._writing.set_result(None)
        self._writing = None

    async def _write(self, items: deque[Item]) -> None:
        while True:
            try:
                await self._run(lambda: self._write_and_sync(items))
            except OSError as error:
                self._trouble = ResourceExhausted(
                    f"the log cannot be written ({error.strerror or error}); "
                    "it goes on as soon as there is room"
                )
                self._end_groups(self._trouble)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._trouble = None
            self._is_dirty = True
            if self._durability is Durability.INTERVAL and (
                self._syncing is None or self._syncing.done()
            ):
                self._syncing = asyncio.create_task(self._keep_syncing())
            return

    def _write_and_sync(self, items: deque[Item]) -> None:
        self._writer.write(items)
        if self._durability is Durability.FSYNC:
            self._writer.sync()

    async def _keep_syncing(self) -> None:
        while self._is_dirty:
            await asyncio.sleep(SYNC_SECONDS)
            self._is_dirty = False
            try:
                await self._run(self._writer.sync)
            except SyncError as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._on_failure(error)
        self._trouble = ResourceExhausted(f"the log failed: {error}")
        self._end_groups(self._trouble)

    def _end_groups(self, error: MazemeshError) -> None:
        for group in (self._writing, self._gathering):
            if group is not None and not group.done():
                group.set_result(error)
        self._gathering = None

    async def _run(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work)
