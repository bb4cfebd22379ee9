"""What every journal keeps to, whether it remembers for a moment or for ever."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from services.replay.selectors import Reals
from services.replay.storage import Keys
from services.replay.store import Journal
from services.replay.stores.ephemeral import EphemeralJournal
from services.replay.table import Batch
from services.replay.table_spec import TableSpec
from services.replay.tables import Tables
from tests.replay_tables import batch, indices_of, prioritized, queue


class ListJournal:
    """Remembers everything in lists: a fake, and a second subject of the contract."""

    def __init__(self) -> None:
        self.definitions: list[TableSpec] = []
        self.appended: dict[str, list[tuple[Batch, Keys]]] = {}

    async def table_created(self, spec: TableSpec) -> None:
        self.definitions.append(spec)
        self.appended[spec.name] = []

    async def batch_appended(self, table: str, batch: Batch, keys: Keys) -> None:
        priorities = np.ones(batch.rows) if batch.priorities is None else batch.priorities.copy()
        kept = Batch(
            batch.writer_id,
            batch.sequence,
            batch.rows,
            [column.copy() for column in batch.columns],
            priorities,
            batch.policy_versions,
        )
        self.appended[table].append((kept, keys))

    async def priorities_updated(self, table: str, keys: Keys, priorities: Reals) -> None:
        new = dict(zip(keys.tolist(), priorities.tolist(), strict=True))
        for kept, known in self.appended[table]:
            for row, key in enumerate(known.tolist()):
                kept.priorities[row] = new.get(key, kept.priorities[row])

    async def tables(self):
        for definition in self.definitions:
            yield definition

    async def batches(self, table: str):
        for kept, _ in self.appended[table]:
            yield kept


@pytest.fixture(params=[EphemeralJournal, ListJournal])
def journal(request) -> Journal:
    return request.param()


def host_tables(journal: Journal) -> Tables:
    return Tables(journal, np.random.default_rng(3), memory_limit=2**30, max_writers=100)


async def test_what_is_loaded_is_a_prefix_of_what_was_told(journal):
    told = [prioritized(), queue(8)]
    told = [replace(definition, name=f"table-{i}") for i, definition in enumerate(told)]
    for definition in told:
        await journal.table_created(definition)
    batches = [batch([i, i + 1], writer_id="w", sequence=i + 1) for i in range(20)]
    await asyncio.gather(
        *(
            journal.batch_appended("table-0", each, np.array([2 * i, 2 * i + 1], np.uint64))
            for i, each in enumerate(batches)
        )
    )
    await journal.priorities_updated("table-0", np.array([3, 99], np.uint64), np.array([5.0, 1.0]))
    loaded = [definition async for definition in journal.tables()]
    assert loaded == told[: len(loaded)]
    for definition in loaded:
        rows = [each async for each in journal.batches(definition.name)]
        wanted = batches if definition.name == "table-0" else []
        for got, sent in zip(rows, wanted, strict=False):
            assert (got.writer_id, got.sequence, got.rows) == ("w", sent.sequence, sent.rows)
            for column, original in zip(got.columns, sent.columns, strict=True):
                np.testing.assert_array_equal(column, original)
        assert len(rows) <= len(wanted)


async def test_the_service_comes_back_with_what_its_journal_kept(journal):
    tables = host_tables(journal)
    definition = prioritized(capacity=16)
    assert await tables.create(definition)
    hosted = tables["table"]
    first = await hosted.insert(batch([0, 1, 2], writer_id="w", sequence=1), None)
    await hosted.insert(batch([3], writer_id="w", sequence=2, priorities=[0.0]), None)
    await hosted.update_priorities(first.keys, np.array([0.0, 2.0, 0.0]))

    again = host_tables(journal)
    await again.load()
    names = [each.table.spec.name for each in again]
    if not names:
        # Nothing was kept: the owner makes the table again, and the writer just goes on.
        assert await again.create(definition)
        answer = await again["table"].insert(batch([4], writer_id="w", sequence=3), None)
        assert not answer.duplicate
        return
    restored = again["table"]
    assert not await again.create(definition)
    assert restored.table.size == 4
    assert set(indices_of(await restored.sample(50, None))) == {1}
    assert (await restored.insert(batch([3], writer_id="w", sequence=2), None)).duplicate
