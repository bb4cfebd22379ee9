"""What every journal keeps to, under each durability."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import AlreadyExists
from services.replay.hosting import hosted_table
from services.replay.hosting.tables import Tables
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.files import LocalFiles
from services.replay.journal.segment_log import Durability
from services.replay.store import Journal
from tests.replay_files import VolatileFiles
from tests.replay_tables import batch, indices_of, prioritized, queue


class Place:
    """Makes journals that find what those before them left."""

    def __init__(self, kind: str, durability: Durability, folder: Path) -> None:
        self.durability = durability
        self.keeps_operations = durability is not Durability.NONE
        self._folder = folder
        self._files = LocalFiles() if kind == "local" else VolatileFiles()

    def journal(self) -> Journal:
        return FileJournal(self._folder, self._files, self.durability, segment_bytes=1000)


PLACES = [(kind, durability) for kind in ("local", "memory") for durability in Durability]


@pytest.fixture(params=PLACES, ids=lambda each: f"{each[0]}-{each[1].value}")
def place(request, tmp_path) -> Place:
    return Place(*request.param, tmp_path / "replay")


def host(journal: Journal) -> Tables:
    return Tables(journal, np.random.default_rng(3), memory_limit=2**30, max_writers=100)


async def test_the_service_comes_back_with_what_its_journal_kept(place):
    journal = place.journal()
    tables = host(journal)
    definition = prioritized(capacity=16)
    assert await tables.create(definition)
    assert not await tables.create(definition)
    hosted = tables["table"]
    first = await hosted.insert(batch([0, 1, 2], writer_id="w", sequence=1), None)
    await hosted.insert(batch([3], writer_id="w", sequence=2, priorities=[0.0]), None)
    await hosted.update_priorities(first.keys, np.array([0.0, 2.0, 0.0]))
    await journal.close()

    journal = place.journal()
    again = host(journal)
    await again.load()
    assert [each.table.spec for each in again] == [definition]
    assert not await again.create(definition)
    restored = again["table"]
    if place.keeps_operations:
        with pytest.raises(AlreadyExists, match="sequence is 2, under which writer 'w' inserted"):
            await restored.insert(batch([9], writer_id="w", sequence=2), None)
    answer = await restored.insert(batch([3], writer_id="w", sequence=2), None)
    assert answer.duplicate == place.keeps_operations
    if place.keeps_operations:
        assert restored.table.size == 4
        assert set(indices_of(await restored.sample(50, None))) == {1}
        updated = await restored.update_priorities(first.keys, np.array([1.0, 0.0, 0.0]))
        assert updated == (3, 0)
    await journal.close()


async def test_a_queue_serves_no_row_again_after_a_restart(place):
    served: list[int] = []
    for number in range(4):
        journal = place.journal()
        tables = host(journal)
        await tables.load()
        await tables.create(queue(64))
        hosted = tables["table"]
        new = batch(range(10 * number, 10 * number + 10), writer_id="w", sequence=number + 1)
        await hosted.insert(new, None)
        served += indices_of(await hosted.sample(7, None))
        await journal.close()
    if place.keeps_operations:
        assert served == list(range(28))
    else:
        assert served == [10 * number + i for number in range(4) for i in range(7)]


async def test_a_checkpoint_brings_back_the_table_down_to_the_random_state(place):
    journal = place.journal()
    tables = host(journal)
    await tables.create(replace(prioritized(0.6, capacity=64), name="one/of/../many"))
    hosted = tables["one/of/../many"]
    for number in range(12):
        new = batch(range(10 * number, 10 * number + 10), writer_id="w", sequence=number + 1)
        await hosted.insert(new, None)
        drawn = await hosted.sample(8, None)
        await hosted.update_priorities(drawn.keys, np.arange(8.0))
    made = await hosted.checkpoint()
    assert made.bytes > 64 * hosted.table.spec.signature.row_bytes
    assert (await hosted.checkpoint()).number == made.number + 1
    assert hosted.log.tail_bytes == 0
    await journal.close()

    journal = place.journal()
    again = host(journal)
    await again.load()
    restored = again["one/of/../many"]
    for _ in range(100):
        ours, theirs = hosted.table.sample(1), restored.table.sample(1)
        assert indices_of(ours) == indices_of(theirs)
        np.testing.assert_array_equal(ours.keys, theirs.keys)
        np.testing.assert_array_equal(ours.times_sampled, theirs.times_sampled)
        assert ours.probabilities == theirs.probabilities
    await journal.close()


async def test_a_deleted_table_is_forgotten(place):
    journal = place.journal()
    tables = host(journal)
    await tables.create(queue(8))
    await tables["table"].insert(batch([1, 2], writer_id="w", sequence=1), None)
    await tables.delete("table")
    assert list(tables) == []
    assert await tables.create(queue(4))
    await journal.close()
    journal = place.journal()
    again = host(journal)
    await again.load()
    assert [each.table.spec.capacity for each in again] == [4]
    assert all(each.table.size == 0 for each in again)
    await journal.close()


async def test_a_checkpoint_knows_the_rows_of_a_batch(place):
    journal = place.journal()
    tables = host(journal)
    await tables.create(prioritized(capacity=16))
    await tables["table"].insert(batch([1, 2], writer_id="w", sequence=7), None)
    await tables["table"].checkpoint()
    await journal.close()
    journal = place.journal()
    again = host(journal)
    await again.load()
    with pytest.raises(AlreadyExists, match="sequence is 7, under which writer 'w' inserted"):
        await again["table"].insert(batch([1, 3], writer_id="w", sequence=7), None)
    assert (await again["table"].insert(batch([1, 2], writer_id="w", sequence=7), None)).duplicate
    await journal.close()


async def test_rows_dropped_in_parts_are_dropped_again(place, monkeypatch):
    monkeypatch.setattr(hosted_table, "MOST_DROPPED_AT_ONCE", 2)
    journal = place.journal()
    tables = host(journal)
    await tables.create(prioritized(capacity=16))
    await tables["table"].insert(batch(range(8), policy_versions=[1, 5, 1, 5, 1, 5, 1, 5]), None)
    sample = await tables["table"].sample(50, 10.0, min_policy_version=3)
    assert set(indices_of(sample)) == {1, 3, 5, 7}
    await journal.close()
    if place.keeps_operations:
        journal = place.journal()
        again = host(journal)
        await again.load()
        assert again["table"].table.dropped == 4
        ours, theirs = tables["table"].table.sample(50), again["table"].table.sample(50)
        assert indices_of(ours) == indices_of(theirs)
        await journal.close()
