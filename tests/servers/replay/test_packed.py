"""Experience that comes in Zstandard frames, over real sockets."""

import asyncio

import numpy as np
import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import AlreadyExists, InvalidArgument
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.compressed_columns import compress_columns
from mazemesh.wire.experience_record import encode_record
from mazemesh.wire.tensors import Signature
from services.replay.limits import MOST_INSERTED_BYTES
from tests.servers.event_loop_lag import event_loop_lag

SIGNATURE = Signature.of(image=("uint8", (5000,)), number=("int32", ()))


def rows(count: int) -> dict[str, np.ndarray]:
    numbers = np.arange(count, dtype=np.int32)
    return {"image": np.repeat(numbers[:, None] % 3, 5000, 1).astype(np.uint8), "number": numbers}


async def test_packed_rows_are_the_rows_and_come_once(server):
    def work():
        client = ReplayClient(server.address, compression=Compression.ZSTD)
        client.create_table(tables.queue("q", SIGNATURE, 1000))
        with client.writer("q", SIGNATURE) as writer:
            writer.append(rows(20))  # small, unpacked between two calls
            writer.append(rows(200))  # in a thread
        batch = client.sample("q", 220, signature=SIGNATURE, timeout=10)
        for name, column in rows(200).items():
            assert (batch.columns[name][20:] == column).all()
            assert (batch.columns[name][:20] == column[:20]).all()
        client.close()

    await asyncio.to_thread(work)


async def test_a_batch_is_the_same_one_packed_or_not(server, client):
    def work():
        client.create_table(tables.queue("q", SIGNATURE, 1000))
        data = [column.tobytes() for column in rows(20).values()]
        columns = encode_columns(SIGNATURE.hash, 20, data)

        def send(encoded):
            message = encode_record("q", "w", 1, encoded)
            return client._call(client._experience.record, message, 60)

        assert not send(columns).duplicate
        assert send(compress_columns(columns)).duplicate
        other = encode_columns(SIGNATURE.hash, 10, [part[: len(part) // 2] for part in data])
        with pytest.raises(AlreadyExists):
            send(compress_columns(other))

    await asyncio.to_thread(work)


async def test_frames_of_the_largest_content_hold_up_nobody(server, client):
    """A thousandth of the bytes would otherwise keep the service from others for as long."""
    wide = Signature.of(image=("uint8", (MOST_INSERTED_BYTES // 64,)))

    def work():
        client.create_table(tables.queue("wide", wide, 128))
        for count, sequence in ((64, 1), (65, 2)):
            data = [bytes(count * MOST_INSERTED_BYTES // 64)]
            packed = compress_columns(encode_columns(wide.hash, count, data))
            assert len(packed.frame) < 100_000
            message = encode_record("wide", "w", sequence, packed)
            if count == 64:
                client._call(client._experience.record, message, 60)
            else:
                with pytest.raises(InvalidArgument, match="columns_zstd has a header"):
                    client._call(client._experience.record, message, 60)

    with event_loop_lag() as lag:
        await asyncio.to_thread(work)
    lag.check()
