"""What the Replay service refuses, by field and value."""

import asyncio

import pytest

from mazemesh.client.replay import tables
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.tensors import Signature, to_bytes
from tests.servers.replay_rows import PRIORITIZED, SIGNATURE, wire


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"writer_id": ""}, "writer_id has 0 characters; expected 1..128"),
        ({"writer_id": "w" * 129}, "writer_id has 129"),
        ({"sequence": 0}, "sequence is 0"),
        ({"priorities": to_bytes([1.0], float)}, r"priorities has 8 bytes; expected 24 .*float64"),
        ({"priorities": to_bytes([1, float("nan"), 2], float)}, r"priorities\[1\] is nan"),
        ({"priorities": to_bytes([1, 2, -1], float)}, r"priorities\[2\] is -1"),
        ({"priorities": to_bytes([float("inf"), 2, 1], float)}, r"priorities\[0\] is inf"),
        ({"policy_versions": b"1234"}, "policy_versions has 4 bytes; expected 24"),
    ],
)
async def test_bad_batches_name_the_field(client, change, message):
    def calls():
        client.create_table(PRIORITIZED)
        request = pb.RecordExperienceRequest(
            table="prioritized", writer_id="w", sequence=1, columns=wire(range(3))
        )
        request.MergeFrom(pb.RecordExperienceRequest(**change))
        for name, value in change.items():
            setattr(request, name, value)
        with pytest.raises(InvalidArgument, match=message):
            client._call(client._stub.RecordExperience, request)
        assert client.list_tables()[0].size == 0

    await asyncio.to_thread(calls)


async def test_columns_of_another_schema_or_size_name_the_column(client):
    good = wire(range(3))

    def refused(message, **change):
        columns = type(good)()
        columns.CopyFrom(good)
        data = change.pop("data", None)
        for name, value in change.items():
            setattr(columns, name, value)
        if data is not None:
            columns.ClearField("data")
            columns.data.extend(data)
        with pytest.raises(InvalidArgument, match=message):
            client.record("prioritized", "w", 1, columns)

    def calls():
        client.create_table(PRIORITIZED)
        first, second, third = good.data
        refused("columns.rows is 0", rows=0)
        refused("columns.rows is -1", rows=-1)
        refused("columns.rows is 1001; the table holds at most 1000", rows=1001, data=_zeros(1001))
        refused(r"columns.data has 2 entries; expected 3 \(index:int64", data=[first, second])
        refused(
            r"columns.data\[1\] \('observation'\) has 74 bytes; expected 75 for 3 rows of uint8",
            data=[first, second[:-1], third],
        )
        refused(r"columns.data\[0\] \('index'\) has 24 bytes; expected 32", rows=4)
        refused(
            r"data\[2\] \('done'\) has a byte 7; a bool is 0 or 1", data=[first, second, b"\0\7\1"]
        )
        wrong_type = Signature.of(
            index=("int32", ()), observation=("uint8", (5, 5)), done=("bool", ())
        )
        refused("columns.signature_hash is .* index:int64:; obs", signature_hash=wrong_type.hash)
        wrong_shape = Signature.of(
            index=("int64", ()), observation=("uint8", (25,)), done=("bool", ())
        )
        refused("signature_hash is", signature_hash=wrong_shape.hash)
        client.record("prioritized", "ok", 1, wire(range(20)))
        # A reader with another idea of the table finds out on its side.
        with pytest.raises(InvalidArgument, match="signature_hash"):
            client.sample("prioritized", 1, signature=wrong_shape)

    await asyncio.to_thread(calls)


def _zeros(count: int) -> list[bytes]:
    return [bytes(count * column.row_bytes) for column in SIGNATURE.columns]


async def test_bad_requests_for_samples_and_updates_are_refused(client):
    def calls():
        client.create_table(PRIORITIZED)
        client.record("prioritized", "w", 1, wire(range(20)))
        for size in (0, -1, 65_537):
            with pytest.raises(InvalidArgument, match=f"batch_size is {size}; expected 1..65536"):
                client.sample("prioritized", size, signature=SIGNATURE)
        with pytest.raises(InvalidArgument, match="min_policy_version is -3"):
            client.sample("prioritized", 1, signature=SIGNATURE, min_policy_version=-3)
        with pytest.raises(InvalidArgument, match=r"timeout is -0\.5 s"):
            client.sample("prioritized", 1, signature=SIGNATURE, timeout=-0.5)
        keys = client.sample("prioritized", 2, signature=SIGNATURE).keys
        with pytest.raises(InvalidArgument, match=r"updates\.priorities\[1\] is nan"):
            client.update_priorities("prioritized", keys, [5.0, float("nan")])
        with pytest.raises(InvalidArgument, match=r"updates\.priorities has 8 bytes; expected 16"):
            client.update_priorities("prioritized", keys, [5.0])
        with pytest.raises(InvalidArgument, match=r"priority_updates\.priorities\[0\] is -1"):
            client.sample(
                "prioritized", 1, signature=SIGNATURE, priority_updates=(keys[:1], [-1.0])
            )
        # Nothing of the refused updates was applied.
        assert set(client.sample("prioritized", 100, signature=SIGNATURE).priorities) == {1.0}
        large = Signature.of(image=("uint8", (1_000_000,)))
        client.create_table(tables.queue("large", large, 100))
        with pytest.raises(InvalidArgument, match=r"batch_size is 59; expected 1\.\.58"):
            client.sample("large", 59, signature=large)

    await asyncio.to_thread(calls)
