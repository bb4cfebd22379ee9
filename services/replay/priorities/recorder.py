"""Records which priorities changed, every second, and all of them now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import structlog

from mazemesh.errors import ResourceExhausted, Unavailable
from services.replay.hosting.hosted_table import HostedTable
from services.replay.priorities.entry import Entry, Moment, from_bytes, to_bytes
from services.replay.store import PriorityStore
from services.replay.table.storage import Keys
from services.replay.table.table import Table

PIECE = 65_536
"""Rows of an entry at most: what is read of the table at once."""

_LAST_SECONDS = 2.0
_MOST_CHANGED = 4 * PIECE
_NONE = np.empty(0, np.uint64)

_log = structlog.get_logger("services.replay.priorities")


@dataclass
class _Record:
    """What the store has of a table, and what it lacks."""

    changed: list[Keys] = field(default_factory=list)
    changed_rows: int = 0
    entries: int = 0
    rows: int = 0
    is_whole: bool = False
    """Whether all priorities were stored, and the changes since."""


class PriorityRecorder:
    """Present priorities of all tables, in a store that may lose them. On one event loop.

    The log has every priority, too, so nothing rests on this: it is for a shard that lost the end
    of its log with its machine. Changes are gathered by key; once they would outnumber the rows
    they are dropped, and all priorities are stored anew, as when the store has lost some. So memory
    here is bounded by the rows, and the store by three times as much.

    Attributes:
        whole_time: When the store last had all of it, by `clock` of the loop.
    """

    def __init__(self, store: PriorityStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._records: dict[str, _Record] = {}
        self.whole_time = asyncio.get_running_loop().time()

    def note(self, table: str, keys: Keys) -> None:
        """Priorities of these rows changed."""
        record = self._records.setdefault(table, _Record())
        record.changed.append(keys)
        record.changed_rows += len(keys)
        if record.changed_rows > _MOST_CHANGED:
            record.is_whole = False
            record.changed, record.changed_rows = [_NONE], 0

    async def forget(self, table: str) -> None:
        """A table is deleted."""
        self._records.pop(table, None)
        try:
            await self._store.delete(table)
        except (ResourceExhausted, Unavailable) as error:
            # Keys of a later table of that name are others.
            _log.warning("priorities were not deleted", table=table, reason=str(error))

    async def restore(self, tables: Iterable[HostedTable]) -> None:
        """Gives tables that lost the end of their log the priorities that the store knows."""
        for hosted in tables:
            name = hosted.table.spec.name
            try:
                rows = await self._restore(hosted)
            except (ResourceExhausted, Unavailable, ValueError) as error:
                _log.warning("priorities are those of the log", table=name, reason=str(error))
            else:
                if rows:
                    _log.info("priorities are back", table=name, rows=rows)

    async def run(self, tables: Iterable[HostedTable]) -> None:
        """Stores what changed until it is cancelled."""
        away = False
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.store(tables)
                away = False
            except (ResourceExhausted, Unavailable) as error:
                if not away:
                    _log.warning("priorities are stored later", reason=str(error))
                away = True

    async def end(self, tables: Iterable[HostedTable]) -> None:
        """Stores the last changes, if that can be done at once."""
        with contextlib.suppress(ResourceExhausted, Unavailable, TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self.store(tables)

    async def store(self, tables: Iterable[HostedTable]) -> None:
        """Stores what changed since.

        Raises:
            ResourceExhausted, Unavailable: it cannot be stored now; a later call does.
        """
        for hosted in list(tables):
            record = self._records.get(hosted.table.spec.name)
            if record is not None and record.changed:
                await self._store_table(hosted.table, record)
        self.whole_time = asyncio.get_running_loop().time()

    async def _restore(self, hosted: HostedTable) -> int:
        name, table = hosted.table.spec.name, hosted.table
        entries = [from_bytes(data) async for data in self._store.read(name)]
        if not entries or not entries[-1].moment.is_after(_moment(table)):
            return 0
        rows = 0
        for entry in entries:
            # Rows that were lost are not told of.
            present, _ = table.priorities_of(entry.keys)
            kept = np.isin(entry.keys, present)
            await hosted.update_priorities(entry.keys[kept], entry.priorities[kept])
            rows += int(kept.sum())
        return rows

    async def _store_table(self, table: Table, record: _Record) -> None:
        changed, rows = record.changed, record.changed_rows
        record.changed, record.changed_rows = [], 0
        limit = max(table.size, PIECE)
        try:
            if not record.is_whole or rows > limit or record.rows > 2 * limit:
                await self._store_all(table, record)
                return
            keys = await asyncio.to_thread(lambda: np.unique(np.concatenate(changed)))
            pieces = [keys[at : at + PIECE] for at in range(0, len(keys), PIECE)]
            for piece in pieces:
                entry = Entry(_moment(table), *table.priorities_of(piece))
                entries = await self._store.append(table.spec.name, [to_bytes(entry)])
                record.entries += 1
                record.rows += len(piece)
                if entries != record.entries:
                    # What was before is lost.
                    await self._store_all(table, record)
                    return
        except BaseException:
            record.is_whole = False
            record.changed.append(_NONE)  # so that the next call does it again
            raise

    async def _store_all(self, table: Table, record: _Record) -> None:
        record.is_whole = True  # what changes from here on is noted
        record.rows = 0

        def pieces() -> Iterator[bytes]:
            for start in range(0, table.spec.capacity, PIECE):
                moment = _moment(table)
                keys, priorities = table.priorities_between(start, start + PIECE)
                if len(keys):
                    record.rows += len(keys)
                    yield to_bytes(Entry(moment, keys, priorities))

        record.entries = await self._store.replace(table.spec.name, pieces())


def _moment(table: Table) -> Moment:
    return Moment(table.limiter.inserts, table.limiter.samples)
