"""Tables whose columns are packed, over real sockets: whoever asks has them plain."""

import asyncio

import numpy as np
import pyarrow.parquet as pq
import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import AlreadyExists, InvalidArgument
from mazemesh.packing.rows import pack
from mazemesh.packing.runs import Packing
from mazemesh.wire.stored_columns import StoredColumns
from mazemesh.wire.tensors import ColumnSpec, Signature, to_columns
from services._harness import serve
from services.replay.bind import bind
from services.replay.export import parquet
from services.replay.export.stored_rows import checkpointed_rows
from services.replay.settings import ReplaySettings

SEEN = Packing.of([(30, (255,)), (9, (64, 128, 255)), (2, ())])
PACKED = Signature(
    (
        ColumnSpec("observation", np.dtype("uint8"), (3, 41), SEEN),
        ColumnSpec("done", np.dtype("bool"), (3,), Packing.of([(3, (1,))])),
        ColumnSpec("reward", np.dtype("float32"), ()),
    )
)
TABLE = tables.queue("packed", PACKED, 1000)


def rows(first: int, count: int) -> dict[str, np.ndarray]:
    """Rows whose reward is their number."""
    rng = np.random.default_rng(first)
    visits = np.minimum(255, 64 * rng.integers(0, 5, (count, 3, 9)))
    walls = 255 * rng.integers(0, 2, (count, 3, 30))
    others = rng.integers(0, 256, (count, 3, 2))
    return {
        "observation": np.concatenate([walls, visits, others], axis=2).astype(np.uint8),
        "done": rng.random((count, 3)) < 0.5,
        "reward": np.arange(first, first + count, dtype=np.float32),
    }


def assert_equal(found, wanted) -> None:
    for name, column in wanted.items():
        assert found[name].dtype == column.dtype
        assert np.array_equal(found[name], column), name


async def test_either_form_is_written_and_read(client):
    def calls():
        assert client.create_table(TABLE)
        assert not client.create_table(tables.queue("packed", PACKED.plain, 1000))
        with pytest.raises(AlreadyExists, match="capacity"):
            client.create_table(tables.queue("packed", PACKED.plain, 999))
        [info] = client.list_tables()
        assert info.table.signature == PACKED.to_proto()
        wanted = rows(0, 8)
        carried = {**rows(8, 8)}
        carried["observation"] = pack(SEEN, carried["observation"])
        with client.writer("packed", PACKED.plain) as old, client.writer("packed", PACKED) as new:
            old.append(wanted)
            new.append(carried)
            old.append(rows(16, 8))
            new.append(rows(24, 8))
        [info] = client.list_tables()
        assert info.bytes == 32 * PACKED.row_bytes
        for first, signature in enumerate((PACKED, PACKED.plain, PACKED.plain, PACKED)):
            batch = client.sample("packed", 8, signature=signature, timeout=5)
            assert isinstance(batch.columns, StoredColumns) == signature.packs
            assert_equal(batch.columns, rows(8 * first, 8))

    await asyncio.to_thread(calls)


async def test_a_plain_batch_again_packed_is_the_same(client):
    def calls():
        client.create_table(TABLE)
        first = client.record("packed", "w", 1, to_columns(PACKED.plain, rows(0, 4)))
        again = client.record("packed", "w", 1, to_columns(PACKED, rows(0, 4)))
        assert again.duplicate
        assert again.keys == first.keys

    await asyncio.to_thread(calls)


async def test_wrong_lengths_and_values_are_refused(client):
    def calls():
        client.create_table(TABLE)
        for signature in (PACKED, PACKED.plain):
            for size in (0, 1, 10**5):
                message = to_columns(signature, rows(0, 4))
                message.data[0] = bytes(size)
                with pytest.raises(InvalidArgument, match=rf"'observation'\) has {size} bytes"):
                    client.record("packed", "w", 1, message)
        wrong = rows(0, 4)
        wrong["observation"][2, 1, 0] = 3
        with pytest.raises(InvalidArgument, match="has the value 3"):
            client.record("packed", "w", 1, to_columns(PACKED.plain, wrong))
        message = to_columns(PACKED, rows(0, 4))
        message.signature_hash += 1
        with pytest.raises(InvalidArgument, match="signature_hash"):
            client.record("packed", "w", 1, message)
        assert client.list_tables()[0].inserts == 0

    await asyncio.to_thread(calls)


async def test_a_restart_and_an_export_know_what_the_bits_are(tmp_path):
    folder, wanted = tmp_path / "replay", rows(0, 6)
    settings = ReplaySettings(port=0, data_dir=tmp_path, seed=7, memory_limit_gib=1.0)

    def fill(address):
        client = ReplayClient(address)
        client.create_table(TABLE)
        with client.writer("packed", PACKED) as writer:
            writer.append(wanted)
        client.checkpoint("packed")
        client.close()

    def check(address):
        client = ReplayClient(address)
        assert client.list_tables()[0].table.signature == PACKED.to_proto()
        assert_equal(client.sample("packed", 6, signature=PACKED, timeout=5).columns, wanted)
        client.close()

    async with serve(settings, bind) as server:
        await asyncio.to_thread(fill, server.address)
    signature, parts = checkpointed_rows(folder, "packed")
    assert signature == PACKED
    assert parquet.write(tmp_path / "rows.parquet", signature, parts) == 6
    stored = pq.read_table(tmp_path / "rows.parquet").column("observation").to_pylist()
    assert np.array_equal(np.array(stored, np.uint8).reshape(6, 3, 41), wanted["observation"])
    [(read, _)] = parquet.read(tmp_path / "rows.parquet", PACKED, 10)
    assert_equal(read, wanted)
    async with serve(settings, bind) as server:
        await asyncio.to_thread(check, server.address)
