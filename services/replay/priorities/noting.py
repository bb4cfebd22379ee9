"""A journal whose tables' changes of priorities are noted besides."""

from __future__ import annotations

from collections.abc import Sequence

from services.replay.priorities.recorder import PriorityRecorder
from services.replay.store import Checkpoint, Journal, StoredTable, TableLog
from services.replay.table.image import TableImage
from services.replay.table.operations import Operation, SetPriorities
from services.replay.table.row_copy import RowCopy


class NotingJournal:
    """A `Journal` around another one."""

    def __init__(self, journal: Journal, priorities: PriorityRecorder) -> None:
        self._journal = journal
        self._priorities = priorities

    def stored(self) -> Sequence[StoredTable]:
        """See `Journal`."""
        return self._journal.stored()

    async def go_on(self, stored: StoredTable) -> TableLog:
        """See `Journal`."""
        log = await self._journal.go_on(stored)
        return NotingLog(log, stored.name, self._priorities)

    async def create(self, image: TableImage, rows: RowCopy) -> TableLog:
        """See `Journal`."""
        log = await self._journal.create(image, rows)
        return NotingLog(log, image.spec.name, self._priorities)

    async def watch(self) -> None:
        """See `Journal`."""
        await self._journal.watch()

    async def close(self) -> None:
        """See `Journal`."""
        await self._journal.close()


class NotingLog:
    """A `TableLog` around another one."""

    def __init__(self, log: TableLog, table: str, priorities: PriorityRecorder) -> None:
        self._log = log
        self._table = table
        self._priorities = priorities

    @property
    def tail_bytes(self) -> int:
        """See `TableLog`."""
        return self._log.tail_bytes

    def check(self) -> None:
        """See `TableLog`."""
        self._log.check()

    def check_backlog(self) -> None:
        """See `TableLog`."""
        self._log.check_backlog()

    def append(self, operation: Operation) -> None:
        """See `TableLog`."""
        if isinstance(operation, SetPriorities):
            self._priorities.note(self._table, operation.keys)
        self._log.append(operation)

    async def committed(self) -> None:
        """See `TableLog`."""
        await self._log.committed()

    async def seal(self) -> None:
        """See `TableLog`."""
        await self._log.seal()

    async def checkpoint(self, image: TableImage, rows: RowCopy) -> Checkpoint:
        """See `TableLog`."""
        return await self._log.checkpoint(image, rows)

    async def delete(self) -> None:
        """See `TableLog`."""
        await self._log.delete()
        await self._priorities.forget(self._table)

    async def close(self) -> None:
        """See `TableLog`."""
        await self._log.close()
