"""All tables of the service, by name, within the memory that they may take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module

import numpy as np

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted, Unavailable
from services.replay.hosted_table import HostedTable
from services.replay.store import Journal
from services.replay.table import Table
from services.replay.table_spec import SelectorKind, TableSpec

# Bookkeeping of a row: priority, policy version, times sampled, generation, free list.
_ROW_OVERHEAD = 32
# What a selector keeps for a row: the two trees of a prioritized one take up to 4 numbers a slot
# each.
_SELECTOR_BYTES = {
    SelectorKind.UNIFORM: 8,
    SelectorKind.PRIORITIZED: 72,
    SelectorKind.FIFO: 16,
    SelectorKind.LIFO: 16,
}


class Tables:
    """Makes tables and finds them."""

    def __init__(
        self, journal: Journal, rng: np.random.Generator, *, memory_limit: int, max_writers: int
    ) -> None:
        self._journal = journal
        self._rng = rng
        self._memory_limit = memory_limit
        self._max_writers = max_writers
        self._tables: dict[str, HostedTable] = {}

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
            known = ", ".join(sorted(self._tables)) or "none"
            raise NotFound(f"table {name!r} does not exist; there are: {known}") from None

    async def load(self) -> None:
        """Makes the tables again that the journal knows."""
        async for spec in self._journal.tables():
            hosted = self._add(spec)
            async for batch in self._journal.batches(spec.name):
                hosted.table.restore(batch)

    async def create(self, spec: TableSpec) -> bool:
        """Makes a table; False when the same one is there already.

        Raises:
            AlreadyExists: another table has the name.
            InvalidArgument: see `TableSpec.check`.
            ResourceExhausted: the full table would not fit into memory.
        """
        spec.check()
        await _load_selectors(spec)
        if spec.name in self._tables:
            differences = self._tables[spec.name].table.spec.differences(spec)
            if differences:
                raise AlreadyExists(
                    f"table {spec.name!r} exists and is another one: {'; '.join(differences)}"
                )
            return False
        self._add(spec)
        await self._journal.table_created(spec)
        return True

    def close(self) -> None:
        """Ends all waiting calls with `Unavailable`."""
        for hosted in self:
            hosted.close(Unavailable("the replay service is stopping; nothing was changed"))

    def _add(self, spec: TableSpec) -> HostedTable:
        self._check_memory(spec)
        # Each table draws from a stream of its own, whatever the others do.
        table = Table(spec, self._rng.spawn(1)[0], self._max_writers)
        hosted = HostedTable(table, self._journal)
        self._tables[spec.name] = hosted
        return hosted

    def _check_memory(self, spec: TableSpec) -> None:
        taken = sum(_full_bytes(hosted.table.spec) for hosted in self)
        if taken + _full_bytes(spec) > self._memory_limit:
            room = max(0, self._memory_limit - taken) // _row_bytes(spec)
            raise ResourceExhausted(
                f"table.capacity is {spec.capacity}; full, the table would take "
                f"{_full_bytes(spec)} bytes beside {taken} of other tables, more than the limit of "
                f"{self._memory_limit}; at most {room} rows fit (or raise memory_limit_gib)"
            )


async def _load_selectors(spec: TableSpec) -> None:
    """Loads compiled code, or compiles it the first time, while other calls go on."""
    if {spec.sampler.kind, spec.remover.kind} & {SelectorKind.UNIFORM, SelectorKind.PRIORITIZED}:
        await asyncio.to_thread(import_module, "services.replay.random_selectors")


def _row_bytes(spec: TableSpec) -> int:
    selectors = _SELECTOR_BYTES[spec.sampler.kind] + _SELECTOR_BYTES[spec.remover.kind]
    return spec.signature.row_bytes + _ROW_OVERHEAD + selectors


def _full_bytes(spec: TableSpec) -> int:
    return spec.capacity * _row_bytes(spec)
