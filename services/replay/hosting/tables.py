"""All tables of the service, by name, within the memory that they may take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module

import numpy as np
import structlog

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted, Unavailable
from mazemesh.process.errors import StartError
from services._harness.shielded import Shielded
from services.replay.hosting.hosted_table import HostedTable
from services.replay.hosting.waiting import Room
from services.replay.limits import MOST_TABLES
from services.replay.store import Journal, StoredTable, TableLog
from services.replay.table.image import Diverged
from services.replay.table.operations import Restart
from services.replay.table.spec import SelectorKind, TableSpec
from services.replay.table.table import Table

_MOST_NAMES = 10
_LONGEST_NAME = 128

# Bookkeeping of a row: priority, policy version, times sampled, generation, free list.
_ROW_OVERHEAD = 32
# What a selector keeps for a row: the two trees of a prioritized one take up to 4 numbers a slot
# each.
_SELECTOR_BYTES = {
    SelectorKind.UNIFORM: 8,
    SelectorKind.PRIORITIZED: 72,
    SelectorKind.FIFO: 16,
    SelectorKind.LIFO: 16,
    SelectorKind.MAX_HEAP: 48,
    # Has another tree, to know its highest priority.
    SelectorKind.MIN_HEAP: 72,
}


_log = structlog.get_logger("services.replay")


class Tables:
    """Makes tables and finds them."""

    def __init__(
        self,
        journal: Journal,
        rng: np.random.Generator,
        *,
        memory_limit: int,
        max_writers: int,
        max_tables: int = MOST_TABLES,
        room: Room | None = None,
    ) -> None:
        self._journal = journal
        self._rng = rng
        self._memory_limit = memory_limit
        self._max_writers = max_writers
        self._max_tables = max_tables
        self._room = room or Room("at all tables")
        self._tables: dict[str, HostedTable] = {}
        self._changing = asyncio.Lock()
        # Half a table is none, and in the way.
        self._under_way = Shielded()

    def __iter__(self) -> Iterator[HostedTable]:
        return iter(self._tables.values())

    def __getitem__(self, name: str) -> HostedTable:
        """The table called `name`.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._tables[name]
        except KeyError:
            known = sorted(self._tables)
            more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
            shown = repr(name[:_LONGEST_NAME]) + "..." * (len(name) > _LONGEST_NAME)
            raise NotFound(
                f"table {shown} does not exist; there are: "
                f"{', '.join(known[:_MOST_NAMES]) or 'none'}{more}"
            ) from None

    async def load(self) -> None:
        """Makes the tables again that the journal knows.

        Raises:
            StartError: what is on disk is damaged; names file and offset.
        """
        for stored in await asyncio.to_thread(self._journal.stored):
            table = await asyncio.to_thread(_restore, stored, self._max_writers)
            log = await self._journal.go_on(stored)
            # Clients may know keys of rows that never got to the disk: those name no later row.
            restart = Restart(int(self._rng.integers(2**32)))
            table.redo(restart)
            log.append(restart)
            self._host(table, log)
            _log.info("table restored", table=stored.name, rows=table.size)

    async def create(self, spec: TableSpec) -> bool:
        """Makes a table; False when the same one is there already.

        Raises:
            AlreadyExists: another table has the name.
            InvalidArgument: see `TableSpec.check`.
            ResourceExhausted: the full table would not fit into memory, or the disk is full.
        """
        spec.check_new()
        await _load_selectors(spec)
        return await self._under_way.run(self._create(spec))

    async def delete(self, name: str) -> None:
        """Deletes a table; calls that wait at it end with NotFound.

        Raises:
            NotFound: there is none.
        """
        await self._under_way.run(self._delete(name))

    def close(self) -> None:
        """Ends all waiting calls with `Unavailable`."""
        for hosted in self:
            hosted.close(_stopping())

    async def end(self) -> None:
        """Waits for what is under way, and ends checkpoints; to be called before the journal's."""
        await asyncio.gather(*(hosted.end(_stopping()) for hosted in self))
        await self._under_way.join()

    async def _create(self, spec: TableSpec) -> bool:
        async with self._changing:
            if spec.name in self._tables:
                self._check_same(spec)
                return False
            self._check_number()
            self._check_memory(spec)
            # Each table draws from a stream of its own, whatever the others do.
            table = Table(spec, self._rng.spawn(1)[0], self._max_writers)
            self._host(table, await self._journal.create(*table.image()))
            table.end_image()
        return True

    async def _delete(self, name: str) -> None:
        async with self._changing:
            hosted = self[name]
            del self._tables[name]
            # Its checkpoint would land in the folder of the next table of that name.
            await hosted.end(NotFound(f"table {name!r} was deleted"))
            await hosted.log.delete()

    def _host(self, table: Table, log: TableLog) -> None:
        self._tables[table.spec.name] = HostedTable(table, log, self._room)

    def _check_number(self) -> None:
        if len(self._tables) >= self._max_tables:
            raise ResourceExhausted(
                f"there are {len(self._tables)} tables; at most {self._max_tables} may be "
                "(max_tables); delete one that is no longer needed"
            )

    def _check_same(self, spec: TableSpec) -> None:
        differences = self._tables[spec.name].table.original_spec.differences(spec)
        if differences:
            raise AlreadyExists(
                f"table {spec.name!r} exists and is another one: {'; '.join(differences)}. "
                f"To make it anew without its rows: mazemesh tables delete {spec.name}"
            )

    def _check_memory(self, spec: TableSpec) -> None:
        taken = sum(_full_bytes(hosted.table.spec) for hosted in self)
        if taken + _full_bytes(spec) > self._memory_limit:
            room = max(0, self._memory_limit - taken) // _row_bytes(spec)
            raise ResourceExhausted(
                f"table.capacity is {spec.capacity}; full, the table would take "
                f"{_full_bytes(spec)} bytes beside {taken} of other tables, more than the limit of "
                f"{self._memory_limit}; at most {room} rows fit (or raise memory_limit_gib)"
            )


def _stopping() -> Unavailable:
    return Unavailable("the replay service is stopping; nothing was changed")


async def _load_selectors(spec: TableSpec) -> None:
    """Loads compiled code, or compiles it the first time, while other calls go on."""
    kinds = {spec.sampler.kind, spec.remover.kind}
    if kinds & {SelectorKind.UNIFORM, SelectorKind.PRIORITIZED}:
        await asyncio.to_thread(import_module, "services.replay.selectors.random")
    if kinds & {SelectorKind.MAX_HEAP, SelectorKind.MIN_HEAP}:
        await asyncio.to_thread(import_module, "services.replay.selectors.heap")


def _restore(stored: StoredTable, max_writers: int) -> Table:
    table = Table.from_image(*stored.read_checkpoint(), max_writers)
    try:
        for operation in stored.operations():
            table.redo(operation)
    except Diverged as error:
        raise StartError(
            f"table {stored.name!r}: its log does not continue its checkpoint: {error}"
        ) from error
    return table


def _row_bytes(spec: TableSpec) -> int:
    selectors = _SELECTOR_BYTES[spec.sampler.kind] + _SELECTOR_BYTES[spec.remover.kind]
    return spec.signature.row_bytes + _ROW_OVERHEAD + selectors


def _full_bytes(spec: TableSpec) -> int:
    return spec.capacity * _row_bytes(spec)
