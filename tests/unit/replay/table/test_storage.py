import numpy as np
import psutil

from mazemesh.wire.tensors import Signature
from services.replay.table.fingerprint import Fingerprint
from services.replay.table.spec import SelectorKind
from services.replay.table.storage import RowStorage
from services.replay.table.table import Table
from services.replay.table.writers import Writers
from tests.replay_tables import prioritized, queue, spec

ROWS = Fingerprint(1, [b"rows"], None)


def test_an_empty_table_of_a_million_rows_costs_next_to_nothing():
    # Compiled code is loaded first; it is not the table's.
    large_tables(100)
    # What other tests left running takes memory now and then; it does not each time.
    assert min(growth_of_large_tables() for _ in range(3)) < 24 * 2**20


def growth_of_large_tables():
    """Resident bytes that empty tables of a million rows add."""
    process = psutil.Process()
    before = process.memory_info().rss
    kept, storage = large_tables(1_000_000)
    growth = process.memory_info().rss - before
    assert len(kept) == 3
    assert storage.num_free == 1_000_000
    return growth


def large_tables(rows):
    kept = [
        Table(definition, np.random.default_rng(0))
        for definition in (
            prioritized(capacity=rows),
            spec(SelectorKind.UNIFORM, capacity=rows),
            queue(capacity=rows),
        )
    ]
    wide = Signature.of(observation=("uint8", (4096,)))
    return kept, RowStorage(wide, rows, np.random.default_rng(0))


def test_memory_that_was_used_is_used_again():
    storage = RowStorage(Signature.of(value=("uint8", ())), 100, np.random.default_rng(0))
    rows = [bytes(range(10))]
    first = storage.allocate(10)
    storage.put(first, rows, np.ones(10), -1)
    storage.free(first[3:7])
    second = storage.allocate(6)
    storage.put(second, [rows[0][:6]], np.ones(6), -1)
    assert sorted(second.tolist()) == [3, 4, 5, 6, 10, 11]
    np.testing.assert_array_equal(storage.gather(second)[0][:, 0], np.arange(6))
    assert storage.num_free == 88


def test_columns_without_bytes_are_columns():
    signature = Signature.of(nothing=("uint8", (0,)), value=("uint8", ()))
    storage = RowStorage(signature, 4, np.random.default_rng(0))
    slots = storage.allocate(2)
    columns = [b"", bytes([5, 6])]
    storage.put(slots, columns, np.ones(2), -1)
    nothing, value = storage.gather(slots[::-1])
    assert nothing.shape == (2, 0)
    assert value[:, 0].tolist() == [6, 5]


def test_the_least_recent_writers_are_forgotten():
    writers = Writers(limit=2)
    keys = np.array([1], np.uint64)
    for writer in ("a", "b", "a", "c"):
        writers.remember(writer, 2 if writer == "a" and len(writers) == 2 else 1, ROWS, keys)
    assert len(writers) == 2
    assert writers.is_duplicate("a", 2, ROWS)
    assert writers.is_duplicate("c", 1, ROWS)
    assert not writers.is_duplicate("b", 1, ROWS)
    writers.check_next("b", 9)
