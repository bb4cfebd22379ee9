"""Present priorities beside the log, in a store that forgets and goes away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import numpy as np
import pytest

from mazemesh.errors import Unavailable
from services.replay.hosting.hosted_table import HostedTable
from services.replay.priorities import recorder as module
from services.replay.priorities.entry import Entry, Moment, from_bytes, to_bytes
from services.replay.priorities.noting import NotingLog
from services.replay.priorities.recorder import PriorityRecorder
from services.replay.table.table import Table
from tests.replay_tables import ListLog, batch, prioritized


class FakePriorities:
    """A `PriorityStore` in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, list[bytes]] = {}
        self.away = False
        self.replaced = 0

    async def append(self, table: str, entries: Sequence[bytes]) -> int:
        self._check()
        self.entries.setdefault(table, []).extend(entries)
        return len(self.entries[table])

    async def replace(self, table: str, entries: Iterable[bytes]) -> int:
        self._check()
        self.entries[table] = list(entries)
        self.replaced += 1
        return len(self.entries[table])

    async def read(self, table: str) -> AsyncIterator[bytes]:
        self._check()
        for entry in self.entries.get(table, []):
            yield entry

    async def delete(self, table: str) -> None:
        self._check()
        self.entries.pop(table, None)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("the store is away")


class World:
    """A table of 16 rows whose priorities are noted; `moved` is as it was when it was copied."""

    def __init__(self) -> None:
        self.store = FakePriorities()
        self.journal = PriorityRecorder(self.store, 1.0)
        self.hosted = self.host(Table(prioritized(), np.random.default_rng(1)), self.journal)
        self.keys = np.empty(0, np.uint64)

    def host(self, table: Table, journal: PriorityRecorder) -> HostedTable:
        return HostedTable(table, NotingLog(ListLog(), "table", journal))

    async def insert(self, rows: int) -> None:
        inserted = await self.hosted.insert(batch(range(rows), priorities=[1.0] * rows), None)
        assert inserted.keys is not None
        self.keys = inserted.keys

    def copy(self) -> Table:
        image, rows = self.hosted.table.image()
        copied = Table.from_image(image, iter(rows.next, None))
        self.hosted.table.end_image()
        return copied

    async def update(self, *priorities: float, first: int = 0) -> None:
        keys = self.keys[first : first + len(priorities)]
        await self.hosted.update_priorities(keys, np.array(priorities))

    async def save(self) -> None:
        await self.journal.store([self.hosted])

    async def moved(self, copied: Table) -> list[float]:
        """Priorities of the copy, in the order of the keys, when it has been started elsewhere."""
        journal = PriorityRecorder(self.store, 1.0)
        hosted = self.host(copied, journal)
        await journal.restore([hosted])
        return hosted.table.priorities_of(self.keys)[1].tolist()


@pytest.fixture
async def world() -> World:
    world = World()
    await world.insert(8)
    return world


async def test_a_table_that_lost_its_last_draws_gets_its_priorities_back(world: World) -> None:
    copied = world.copy()
    await world.update(2.0, 3.0)
    world.hosted.table.sample(1)
    await world.save()
    await world.update(4.0, first=1)
    world.hosted.table.sample(1)
    await world.save()
    assert await world.moved(copied) == [2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert copied.stale_updates == 0


async def test_a_table_that_lost_nothing_keeps_those_of_its_log(world: World) -> None:
    await world.update(2.0)
    world.hosted.table.sample(1)
    await world.save()
    await world.update(7.0)  # is in the log alone
    assert (await world.moved(world.copy()))[0] == 7.0


async def test_rows_that_were_lost_are_passed_over(world: World) -> None:
    copied = world.copy()
    inserted = await world.hosted.insert(batch(range(8, 12)), None)
    assert inserted.keys is not None
    await world.hosted.update_priorities(inserted.keys, np.full(4, 5.0))
    await world.update(2.0)
    await world.save()
    assert (await world.moved(copied))[0] == 2.0
    assert copied.size == 8


async def test_many_changes_become_all_priorities_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE", 4)
    copied = world.copy()
    for number in range(30):
        await world.update(float(number), first=number % 8)
        world.hosted.table.sample(1)
        await world.save()
    rows = sum(len(from_bytes(entry).keys) for entry in world.store.entries["table"])
    assert rows <= 3 * 8
    assert world.store.replaced > 1
    assert await world.moved(copied) == world.hosted.table.priorities_of(world.keys)[1].tolist()


async def test_a_store_that_was_flushed_gets_all_of_it_again(world: World) -> None:
    copied = world.copy()
    await world.update(2.0, 3.0)
    world.hosted.table.sample(1)
    await world.save()
    world.store.entries.clear()
    # For want of anything better those of the log count.
    assert await world.moved(world.copy()) == [2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    await world.update(9.0, first=5)
    world.hosted.table.sample(1)
    await world.save()
    assert await world.moved(copied) == [2.0, 3.0, 1.0, 1.0, 1.0, 9.0, 1.0, 1.0]


async def test_what_changes_while_the_store_is_away_is_stored_later(world: World) -> None:
    copied = world.copy()
    world.store.away = True
    for number in range(3):
        await world.update(float(number + 2))
        with pytest.raises(Unavailable):
            await world.save()
    world.hosted.table.sample(1)
    world.store.away = False
    await world.save()
    assert (await world.moved(copied))[0] == 4.0


async def test_a_deleted_table_is_forgotten(world: World) -> None:
    await world.update(2.0)
    await world.save()
    await world.hosted.log.delete()
    assert world.store.entries == {}


async def test_without_the_store_a_table_starts_all_the_same(world: World) -> None:
    await world.update(2.0)
    world.store.away = True
    assert (await world.moved(world.copy()))[0] == 2.0


def test_priorities_are_rounded_and_nothing_else() -> None:
    keys = np.array([1, 2**63 + 5, 7, 8], np.uint64)
    entry = Entry(Moment(3, 2**40), keys, np.array([0.0, 1e-300, 1e300, 1 / 3]))
    read = from_bytes(to_bytes(entry))
    assert read.moment == entry.moment
    assert read.keys.tolist() == keys.tolist()
    assert read.priorities[0] == 0.0
    assert 0.0 < read.priorities[1] < 1e-30
    assert np.isfinite(read.priorities[2])
    assert read.priorities[3] == pytest.approx(1 / 3, rel=1e-7)


@pytest.mark.parametrize("data", [b"", b"\x01" * 21, b"\x02" + bytes(20), bytes(30)])
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="priorities"):
        from_bytes(data)
