"""The largest message of each call, and how long it keeps the service from all others."""

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import DeadlineExceeded, InvalidArgument, NotFound, ResourceExhausted
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.experience_record import MOST_FIELDS, encode_record
from mazemesh.wire.protobuf import bytes_field, tag_of
from mazemesh.wire.tensors import MOST_COLUMNS, Signature
from services._harness import serve
from services.replay.bind import bind
from services.replay.limits import (
    MOST_DRAWN_BYTES,
    MOST_ROWS,
    MOST_ROWS_ONE_BY_ONE,
    MOST_UPDATES,
    ROW_MESSAGE_BYTES,
)
from services.replay.settings import ReplaySettings
from tests.servers.event_loop_lag import EventLoopLag, event_loop_lag

NARROW = Signature.of(value=("uint8", ()))
WIDE = Signature.of(value=("uint8", (10_000,)))
CAPACITY = 2 * MOST_ROWS
ANY = pb.RateLimiter(
    min_size_to_sample=1, samples_per_insert=1, min_diff=float("-inf"), max_diff=float("inf")
)


@pytest.fixture
async def lag(server) -> Iterator[EventLoopLag]:
    with event_loop_lag() as measured:
        yield measured


def table(name: str, signature: Signature, sampler: int, remover: int, **more: int) -> pb.Table:
    def selector(kind: int) -> pb.Selector:
        return pb.Selector(kind=kind, exponent=0.6 * (kind == pb.SELECTOR_KIND_PRIORITIZED))

    more.setdefault("capacity", CAPACITY)
    return pb.Table(
        name=name,
        signature=signature.to_proto(),
        sampler=selector(sampler),
        remover=selector(remover),
        rate_limiter=ANY,
        **more,
    )


def record(name: str, signature: Signature, rows: int, sequence: int = 1, **more: object) -> bytes:
    columns = [bytes(rows * column.row_bytes) for column in signature.columns]
    encoded = encode_columns(signature.hash, rows, columns)
    return encode_record(name, "w", sequence, encoded, **more)


def send(client: ReplayClient, message: bytes) -> pb.RecordExperienceResponse:
    return client._call(client._experience.record, message, 60)


def call_raw(client: ReplayClient, method: str, message: bytes) -> None:
    """Sends bytes that no client makes."""
    call = client.channel.unary_unary(f"/mazemesh.v1.ReplayService/{method}")
    client._call(call, message, 60)


KINDS = [
    pb.SELECTOR_KIND_UNIFORM,
    pb.SELECTOR_KIND_PRIORITIZED,
    pb.SELECTOR_KIND_FIFO,
    pb.SELECTOR_KIND_LIFO,
    pb.SELECTOR_KIND_MAX_HEAP,
    pb.SELECTOR_KIND_MIN_HEAP,
]


@pytest.mark.parametrize("most_times", [0, 3])
@pytest.mark.parametrize("kind", KINDS, ids=map(pb.SelectorKind.Name, KINDS))
async def test_the_most_rows_go_in_and_out(client, lag, kind, most_times):
    rows = MOST_ROWS_ONE_BY_ONE
    by_age = kind in (pb.SELECTOR_KIND_FIFO, pb.SELECTOR_KIND_LIFO)
    drawn = rows if most_times and not by_age else MOST_ROWS
    rng = np.random.default_rng(1)

    def calls() -> None:
        client.create_table(table("t", NARROW, kind, kind, max_times_sampled=most_times))
        for sequence in range(1, CAPACITY // rows + 2):  # the last pushes out as many
            message = record("t", NARROW, rows, sequence, priorities=rng.random(rows))
            send(client, message)
        client.sample("t", drawn, signature=NARROW, timeout=5)
        too_many = "expected at most 16384 rows and 67108864 bytes"
        with pytest.raises(InvalidArgument, match=too_many):
            send(client, record("t", NARROW, rows + 1, 99))
        with pytest.raises(InvalidArgument, match=f"expected 1..{drawn} for rows"):
            client.sample("t", drawn + 1, signature=NARROW)

    await asyncio.to_thread(calls)
    lag.check()


async def test_a_large_table_is_emptied_and_checkpointed_in_parts(client, lag):
    """What one call does to all rows; per million rows, see docs/adr/0086."""
    rows, count = MOST_ROWS_ONE_BY_ONE, 16

    def calls() -> None:
        kind = pb.SELECTOR_KIND_MIN_HEAP
        client.create_table(table("t", NARROW, kind, kind, capacity=count * rows))
        for sequence in range(1, count + 1):
            send(client, record("t", NARROW, rows, sequence, policy_versions=[0] * rows))
        client.checkpoint("t")
        while client.list_tables()[0].dropped < count * rows:  # by as many calls as it takes
            with pytest.raises(DeadlineExceeded):
                client.sample("t", 1, signature=NARROW, timeout=1, min_policy_version=2**62)
        assert client.list_tables()[0].dropped == count * rows

    await asyncio.to_thread(calls)
    lag.check()


async def test_as_many_tables_as_there_may_be_are_listed(tmp_path):
    settings = ReplaySettings(port=0, data_dir=tmp_path, max_tables=20, durability="none")
    columns = {f"column {number}": ("uint8", ()) for number in range(MOST_COLUMNS)}
    signature = Signature.of(**columns)
    async with serve(settings, bind) as server:
        client = ReplayClient(server.address)

        def calls() -> None:
            for number in range(20):
                client.create_table(tables.queue(f"{number:02}", signature, 10))
            with pytest.raises(ResourceExhausted, match=r"there are 20 tables; at most 20 may be"):
                client.create_table(tables.queue("one-more", NARROW, 10))
            # Their names do not fill the message of an error.
            with pytest.raises(NotFound, match=r"there are: 00, .*, 09 and 10 more$"):
                client.delete_table("x" * 4000)
            lag.take()
            assert len(client.list_tables()) == 20

        with event_loop_lag() as lag:
            await asyncio.to_thread(calls)
            lag.check()
        client.close()


async def test_the_most_bytes_go_in_and_out(client, lag):
    rows = MOST_DRAWN_BYTES // (WIDE.row_bytes + ROW_MESSAGE_BYTES)

    def calls() -> None:
        client.create_table(
            table("t", WIDE, pb.SELECTOR_KIND_UNIFORM, pb.SELECTOR_KIND_FIFO, capacity=rows)
        )
        for sequence in range(1, 3):
            send(client, record("t", WIDE, rows, sequence))
        assert len(client.sample("t", rows, signature=WIDE)) == rows

    await asyncio.to_thread(calls)
    lag.check()


async def test_the_most_priorities_are_set_in_parts(client, lag):
    def calls() -> None:
        kind = pb.SELECTOR_KIND_PRIORITIZED
        client.create_table(table("t", NARROW, kind, pb.SELECTOR_KIND_MIN_HEAP))
        rows = MOST_ROWS_ONE_BY_ONE
        keys = np.frombuffer(send(client, record("t", NARROW, rows)).keys, "<u8")
        keys = np.random.default_rng(1).permutation(np.tile(keys, MOST_UPDATES // rows))
        priorities = np.random.default_rng(2).random(MOST_UPDATES)
        lag.take()
        assert client.update_priorities("t", keys, priorities) == (MOST_UPDATES, 0)
        with pytest.raises(InvalidArgument, match=r"has \d+ bytes; at most \d+ are read"):
            client.update_priorities("t", np.tile(keys, 2), np.tile(priorities, 2))

    await asyncio.to_thread(calls)
    lag.check()


def _many_rows() -> bytes:
    return record("t", NARROW, 5_000_000)


def _many_sequences() -> bytes:
    return b"\x18\x01" * (12 * 2**20)


def _many_columns() -> bytes:
    return b"".join(
        bytes_field(tag_of(pb.RecordExperienceRequest, "columns"), b"\x1a\x00" * (8 * 2**20))
    )


def _many_tables() -> bytes:
    return b"\x3a\x00" * (12 * 2**20)


def _many_unknown() -> bytes:
    return b"\x78\x01" * (12 * 2**20)


def _many_in_a_table() -> bytes:
    more = b"\x78\x01" * (12 * 2**20)
    return b"".join(
        [b"\x78\x01", *bytes_field(tag_of(pb.RecordExperienceRequest, "more_tables"), more)]
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_many_rows, f"columns.rows is 5000000, with .* most {MOST_ROWS_ONE_BY_ONE} rows"),
        (_many_sequences, f"more than {MOST_FIELDS} fields"),
        (_many_columns, f"more than {MOST_FIELDS} fields"),
        (_many_tables, f"more than {MOST_FIELDS} fields"),
        (_many_unknown, f"more than {MOST_FIELDS} fields"),
        (_many_in_a_table, f"more than {MOST_FIELDS} fields"),
    ],
)
async def test_inserts_that_mean_nothing_are_refused_before_they_cost_anything(
    client, lag, make: Callable[[], bytes], message
):
    def calls() -> None:
        client.create_table(table("t", NARROW, pb.SELECTOR_KIND_FIFO, pb.SELECTOR_KIND_FIFO))
        with pytest.raises(InvalidArgument, match=message):
            send(client, make())

    await asyncio.to_thread(calls)
    lag.check()


METHODS = [
    "CreateTable", "ListTables", "DeleteTable", "UpdateRateLimiter", "Checkpoint",
    "GetExperienceBatch", "UpdatePriorities",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
async def test_requests_larger_than_any_that_means_something_are_not_decoded(client, lag, method):
    message = b"\x0a\x00" * (12 * 2**20)
    too_long = r"the message has 25165824 bytes; at most \d+ are read"
    with pytest.raises(InvalidArgument, match=too_long):
        await asyncio.to_thread(call_raw, client, method, message)
    lag.check()
