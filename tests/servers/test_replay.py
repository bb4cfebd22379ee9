"""The Replay service over real sockets."""

import asyncio
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy import stats

from mazemesh.client import tables
from mazemesh.client.replay import ReplayClient
from mazemesh.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.process.errors import StartError
from mazemesh.tensors import Signature, to_bytes, to_columns
from mazemesh.v1 import replay_pb2 as pb
from services._harness import Server, serve
from services.replay.bind import bind
from services.replay.handlers import SERVICE, add_replay_servicer
from services.replay.servicer import ReplayServicer
from services.replay.settings import ReplaySettings
from services.replay.stores.file_journal import FileJournal
from services.replay.stores.segment_log import Durability
from services.replay.tables import Tables
from tests.replay_files import VolatileFiles
from tests.servers.processes import service_process

SIGNATURE = Signature.of(index=("int64", ()), observation=("uint8", (5, 5)), done=("bool", ()))
QUEUE = tables.queue("queue", SIGNATURE, 100)
PRIORITIZED = tables.prioritized(
    "prioritized",
    SIGNATURE,
    1000,
    alpha=1.0,
    min_size=10,
    samples_per_insert=100,
    error_buffer=1_000_000,
)


def rows(indices) -> dict[str, np.ndarray]:
    index = np.asarray(indices, np.int64)
    observation = np.repeat((index % 251).astype(np.uint8), 25).reshape(-1, 5, 5)
    return {"index": index, "observation": observation, "done": index % 2 == 1}


def wire(indices):
    return to_columns(SIGNATURE, rows(indices))


@pytest.fixture
async def server(tmp_path):
    settings = ReplaySettings(port=0, data_dir=tmp_path, seed=7, memory_limit_gib=1.0)
    async with serve(settings, bind) as running:
        yield running


@pytest.fixture
async def client(server):
    client = ReplayClient(server.address)
    yield client
    client.close()


async def waiting(client: ReplayClient, inserts: int = 0, samples: int = 0) -> pb.TableInfo:
    """The first table, once so many calls wait at it."""
    while True:
        info = (await asyncio.to_thread(client.list_tables))[0]
        if (info.waiting_inserts, info.waiting_samples) == (inserts, samples):
            return info


async def test_tables_are_made_once_and_listed(client):
    def calls():
        assert client.create_table(PRIORITIZED)
        assert not client.create_table(PRIORITIZED)
        other = tables.queue("prioritized", SIGNATURE, 100)
        with pytest.raises(AlreadyExists, match="capacity: 1000 != 100"):
            client.create_table(other)
        [info] = client.list_tables()
        assert info.table == PRIORITIZED
        assert (info.size, info.inserts, info.samples, info.waiting_inserts) == (0, 0, 0, 0)
        with pytest.raises(NotFound, match="table 'nothing' does not exist; there are: prio"):
            client.record("nothing", "w", 1, wire([1]))
        huge = tables.queue("huge", SIGNATURE, 100_000_000)
        with pytest.raises(ResourceExhausted, match=r"capacity is 100000000; .* at most \d+ rows"):
            client.create_table(huge)

    await asyncio.to_thread(calls)


async def test_rows_go_in_and_come_out_as_they_were(client):
    def calls():
        client.create_table(PRIORITIZED)
        priorities = np.arange(20.0)
        response = client.record(
            "prioritized",
            "w",
            1,
            wire(range(20)),
            priorities=priorities,
            policy_versions=np.arange(100, 120),
        )
        keys = np.frombuffer(response.keys, "<u8")
        batch = client.sample("prioritized", 5000, signature=SIGNATURE)
        index = batch.columns["index"]
        for name, column in rows(index).items():
            np.testing.assert_array_equal(batch.columns[name], column)
            assert batch.columns[name].dtype == column.dtype
        np.testing.assert_array_equal(batch.keys, keys[index])
        np.testing.assert_array_equal(batch.priorities, priorities[index])
        np.testing.assert_array_equal(batch.policy_versions, index + 100)
        np.testing.assert_allclose(batch.probabilities, index / 190, rtol=1e-14)
        assert Counter(index.tolist()) == {
            int(i): int(batch.times_sampled[index == i].max()) for i in set(index.tolist())
        }
        counts = np.bincount(index, minlength=20)
        assert counts[0] == 0
        assert stats.chisquare(counts[1:], 5000 * np.arange(1, 20) / 190).pvalue > 1e-4
        assert (batch.table_size, batch.updated, batch.stale, len(batch)) == (20, 0, 0, 5000)

        assert client.update_priorities("prioritized", keys[:19], np.zeros(19)) == (19, 0)
        batch = client.sample(
            "prioritized",
            100,
            signature=SIGNATURE,
            priority_updates=(np.array([keys[3], keys[19], 12345], np.uint64), [1.0, 0.0, 9.0]),
        )
        assert (batch.updated, batch.stale) == (2, 1)
        assert set(batch.columns["index"].tolist()) == {3}

    await asyncio.to_thread(calls)


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
        refused(r"columns.data has 2 entries; expected 3 \(index, obs", data=[first, second])
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


async def test_a_batch_that_is_sent_again_is_answered_again(client):
    def calls():
        client.create_table(PRIORITIZED)
        first = client.record("prioritized", "w", 1, wire(range(3)))
        again = client.record("prioritized", "w", 1, wire(range(3)))
        assert (again.duplicate, again.keys, again.table_size) == (True, first.keys, 3)
        client.record("prioritized", "w", 2, wire([3]))
        old = client.record("prioritized", "w", 1, wire(range(3)))
        assert (old.duplicate, old.keys, old.table_size) == (True, b"", 4)
        with pytest.raises(FailedPrecondition, match="sequence is 4; expected 3"):
            client.record("prioritized", "w", 4, wire([4]))
        assert client.record("prioritized", "after a restart", 9, wire([9])).table_size == 5

    await asyncio.to_thread(calls)


async def test_a_deadline_leaves_nothing_inserted_and_no_budget_used(client):
    def calls():
        client.create_table(QUEUE)
        client.record("queue", "w", 1, wire(range(100)))
        with pytest.raises(DeadlineExceeded, match=r"nothing was inserted: size 100 .* diff 100"):
            client.record("queue", "w", 2, wire([100]), deadline=0.3)
        with pytest.raises(InvalidArgument, match="never admits so many samples"):
            client.sample("queue", 101, signature=SIGNATURE)
        batch = client.sample("queue", 100, signature=SIGNATURE)
        assert batch.columns["index"].tolist() == list(range(100))
        with pytest.raises(DeadlineExceeded, match="no sampling budget was used: size 0"):
            client.sample("queue", 1, signature=SIGNATURE, timeout=0.05)
        [info] = client.list_tables()
        assert (info.size, info.inserts, info.samples, info.diff) == (0, 100, 100, 0)
        assert info.insert_wait.ToTimedelta().total_seconds() >= 0.25
        assert info.sample_wait.ToTimedelta().total_seconds() >= 0.05
        assert not client.record("queue", "w", 2, wire([100])).duplicate

    await asyncio.to_thread(calls)


async def test_waiting_calls_are_shown_and_a_cancelled_one_takes_nothing(client):
    await asyncio.to_thread(client.create_table, QUEUE)
    request = pb.GetExperienceBatchRequest(table="queue", batch_size=2)
    call = client._stub.GetExperienceBatch.future(request, timeout=30)
    info = await waiting(client, samples=1)
    assert info.oldest_sample_wait_time.seconds > 0
    call.cancel()
    await waiting(client)
    await asyncio.to_thread(client.record, "queue", "w", 1, wire([1, 2]))
    assert (await waiting(client)).size == 2


async def test_old_policies_are_not_served(client):
    def calls():
        client.create_table(QUEUE)
        client.record("queue", "w", 1, wire(range(4)), policy_versions=[1, 5, 2, 6])
        batch = client.sample("queue", 2, signature=SIGNATURE, min_policy_version=3)
        assert batch.columns["index"].tolist() == [1, 3]
        [info] = client.list_tables()
        assert (info.size, info.deletes, info.dropped, info.diff) == (0, 4, 2, 0)

    await asyncio.to_thread(calls)


async def test_a_queue_serves_every_row_exactly_once_to_many(client, server):
    per_writer, writers, readers = 600, 3, 3
    total = per_writer * writers
    served: list[list[int]] = [[] for _ in range(readers)]

    def write(number: int) -> None:
        own = ReplayClient(server.address)
        with own.writer("queue", SIGNATURE) as writer:
            first = number * per_writer
            for start in range(first, first + per_writer, 20):
                writer.append(rows(range(start, start + 20)))
        own.close()

    def read(number: int) -> None:
        own = ReplayClient(server.address)
        for _ in range(total // readers // 25):
            batch = own.sample("queue", 25, signature=SIGNATURE)
            served[number] += batch.columns["index"].tolist()
        own.close()

    await asyncio.to_thread(client.create_table, QUEUE)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(writers + readers) as pool:
        jobs = [loop.run_in_executor(pool, write, number) for number in range(writers)]
        jobs += [loop.run_in_executor(pool, read, number) for number in range(readers)]
        await asyncio.gather(*jobs)
    assert sorted(index for part in served for index in part) == list(range(total))
    for part in served:
        for number in range(writers):
            own = [index for index in part if index // per_writer == number]
            assert own == sorted(own)
    [info] = await asyncio.to_thread(client.list_tables)
    assert (info.size, info.inserts, info.samples, info.deletes) == (0, total, total, total)


def threads():
    """Those that are not the server's, which runs in this process too."""
    servers = ("replay-log", "asyncio", "database")
    return {each for each in threading.enumerate() if not each.name.startswith(servers)}


async def test_the_sampler_reads_ahead_carries_priorities_and_leaves_nothing_behind(client):
    def calls():
        client.create_table(PRIORITIZED)
        with client.writer("prioritized", SIGNATURE) as writer:
            for start in range(0, 100, 20):
                writer.append(rows(range(start, start + 20)))
            assert writer.sequence == 5
        before = threads()
        sampler = client.sampler("prioritized", SIGNATURE, 32, in_flight=3)
        batch = next(sampler)
        sampler.update_priorities(batch.keys[:4], np.full(4, 2.0))
        sampler.update_priorities(batch.keys[4:], np.full(28, 3.0))
        seen = [next(sampler) for _ in range(6)]
        assert sum(each.updated for each in seen) == 32
        # Of all requests at most three are ahead of what was taken.
        assert client.list_tables()[0].samples <= (7 + 3) * 32
        sampler.close()
        assert list(sampler) == []
        return threads() - before

    left = await asyncio.to_thread(calls)
    # gRPC's own thread of the channel ends by itself once no call is out.
    for thread in left:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()


async def test_errors_surface_in_the_sampler_and_closing_ends_it(client):
    def calls():
        missing = client.sampler("missing", SIGNATURE, 8)
        with pytest.raises(NotFound, match="'missing' does not exist"):
            next(missing)
        missing.close()
        client.create_table(QUEUE)
        empty = client.sampler("queue", SIGNATURE, 8)
        assert empty.receive(timeout=0.05) is None
        threading.Timer(0.1, empty.close).start()
        assert list(empty) == []

    await asyncio.to_thread(calls)
    await waiting(client)


async def test_closing_a_writer_ends_an_append_that_waits(client):
    await asyncio.to_thread(client.create_table, QUEUE)
    writer = client.writer("queue", SIGNATURE)
    await asyncio.to_thread(writer.append, rows(range(100)))
    blocked = asyncio.create_task(asyncio.to_thread(writer.append, rows([100])))
    await waiting(client, inserts=1)
    writer.close()
    with pytest.raises(Unavailable, match="was closed"):
        await blocked
    assert writer.sequence == 1
    assert writer.blocked_seconds > 0
    assert (await waiting(client)).size == 100


async def test_stopping_ends_waiting_calls_with_unavailable(tmp_path):
    async with serve(ReplaySettings(port=0, data_dir=tmp_path), bind) as server:
        client = ReplayClient(server.address)
        await asyncio.to_thread(client.create_table, QUEUE)
        request = pb.GetExperienceBatchRequest(table="queue", batch_size=1)
        calls = [client._stub.GetExperienceBatch.future(request, timeout=30) for _ in range(3)]
        await waiting(client, samples=3)
    for call in calls:
        error = await asyncio.to_thread(call.exception, 5)
        assert error.code().name == "UNAVAILABLE"
        assert "is stopping" in error.details()
    client.close()


async def test_metrics_tell_fill_and_waiting(client, server):
    await asyncio.to_thread(client.create_table, QUEUE)
    await asyncio.to_thread(client.record, "queue", "w", 1, wire(range(7)))
    await asyncio.to_thread(client.sample, "queue", 3, signature=SIGNATURE)

    def value(name: str) -> float | None:
        return server.registry.get_sample_value(f"mazemesh_replay_{name}", {"table": "queue"})

    assert value("table_size_rows") == 4
    assert value("inserted_rows_total") == 7
    assert value("sampled_rows_total") == 3
    assert value("deleted_rows_total") == 3
    assert value("limiter_diff_rows") == 4
    assert value("table_bytes") == 4 * SIGNATURE.row_bytes
    assert value("waiting_samples") == 0
    assert value("insert_wait_seconds_total") is not None


async def test_a_killed_service_is_replaced_and_the_writer_goes_on(tmp_path):
    async def start(port: int):
        arguments = ("--port", str(port), "--data-dir", str(tmp_path))
        return service_process("services.replay", *arguments)

    async with await start(0) as first:
        port = int(first.address.rsplit(":", 1)[1])
        client = ReplayClient(first.address)
        await asyncio.to_thread(client.create_table, QUEUE)
        writer = client.writer("queue", SIGNATURE, give_up=60.0)
        await asyncio.to_thread(writer.append, rows([0, 1]))
        first.send(signal.SIGKILL)
        await first.process.wait()
        # Begins while nobody listens.
        append = asyncio.create_task(asyncio.to_thread(writer.append, rows([2, 3])))
        async with await start(port):
            assert not (await append).duplicate
            assert not await asyncio.to_thread(client.create_table, QUEUE)
            await asyncio.to_thread(writer.append, rows([4]))
            batch = await asyncio.to_thread(client.sample, "queue", 5, signature=SIGNATURE)
            assert batch.columns["index"].tolist() == [0, 1, 2, 3, 4]
        client.close()


async def test_two_services_do_not_share_a_folder(server, tmp_path):
    with pytest.raises(StartError, match="is used by another Replay service"):
        async with serve(ReplaySettings(port=0, data_dir=tmp_path), bind):
            pass


async def test_tables_are_checkpointed_and_deleted_on_request(client, server):
    def calls():
        client.create_table(QUEUE)
        client.create_table(PRIORITIZED)
        client.record("queue", "w", 1, wire(range(50)))
        assert client.list_tables()[0].log_bytes > 50 * SIGNATURE.row_bytes
        made = client.checkpoint()
        assert [(each.table, each.number) for each in made] == [("queue", 1), ("prioritized", 1)]
        assert made[0].size_bytes > 50 * SIGNATURE.row_bytes
        assert client.list_tables()[0].log_bytes == 0
        assert [each.number for each in client.checkpoint("queue")] == [2]
        with pytest.raises(NotFound):
            client.checkpoint("nothing")
        client.delete_table("queue")
        assert [info.table.name for info in client.list_tables()] == ["prioritized"]
        with pytest.raises(NotFound, match="'queue' does not exist"):
            client.delete_table("queue")
        assert client.create_table(QUEUE)
        assert client.list_tables()[1].size == 0

    await asyncio.to_thread(calls)


async def test_a_limiter_is_changed_while_calls_wait_for_it(client, server):
    await asyncio.to_thread(client.create_table, QUEUE)
    await asyncio.to_thread(client.record, "queue", "w", 1, wire(range(100)))
    blocked = asyncio.create_task(
        asyncio.to_thread(client.record, "queue", "w", 2, wire(range(100, 103)))
    )
    await waiting(client, inserts=1)

    def calls():
        wrong = pb.RateLimiter(min_size_to_sample=0, samples_per_insert=1, max_diff=5)
        with pytest.raises(InvalidArgument, match="min_size_to_sample is 0"):
            client.update_rate_limiter("queue", wrong)
        wider = pb.RateLimiter(min_size_to_sample=1, samples_per_insert=0.5, max_diff=100)
        before = client.update_rate_limiter("queue", wider)
        assert before == QUEUE.rate_limiter
        assert client.list_tables()[0].table.rate_limiter == wider
        # Its owner knows the table by its first definition.
        assert not client.create_table(QUEUE)

    await asyncio.to_thread(calls)
    # The table is full: the oldest rows leave.
    assert (await blocked).table_size == 100


async def test_one_insert_goes_into_several_tables_or_none(client):
    def calls():
        client.create_table(QUEUE)
        client.create_table(PRIORITIZED)
        other = Signature.of(index=("int64", ()))
        client.create_table(tables.queue("other", other, 10))

        def sizes() -> list[int]:
            return [info.size for info in client.list_tables()]

        def record(sequence: int, indices, more, **changes):
            return client.record(
                "queue", "w", sequence, wire(indices), more_tables=more, deadline=0.3, **changes
            )

        priorities = np.zeros(90)
        priorities[5] = 2.0
        answer = record(1, range(90), {"prioritized": priorities})
        assert sizes() == [90, 90, 0]
        keys = np.frombuffer(answer.more_keys[0], "<u8")
        drawn = client.sample("prioritized", 50, signature=SIGNATURE)
        assert set(drawn.columns["index"].tolist()) == {5}
        assert set(drawn.keys.tolist()) == {keys[5]}
        assert drawn.priority_mass == 2.0
        # The queue is full, so neither takes anything.
        with pytest.raises(DeadlineExceeded, match=r"nothing was inserted: queue: size 90"):
            record(2, range(11), {"prioritized": None})
        with pytest.raises(InvalidArgument, match=r"more_tables \('prioritized'\): priorities has"):
            record(2, range(3), {"prioritized": [1.0]})
        with pytest.raises(InvalidArgument, match=r"more_tables \('other'\): columns\.sig"):
            record(2, range(3), {"other": None})
        with pytest.raises(InvalidArgument, match="each table once"):
            record(2, range(3), {"queue": None})
        with pytest.raises(NotFound):
            record(2, range(3), {"nothing": None})
        assert sizes() == [90, 90, 0]
        assert record(1, range(90), {"prioritized": None}).duplicate
        # What one table has already is inserted where it is missing.
        client.record("queue", "w", 2, wire([7]))
        assert record(2, [7], {"prioritized": None}, priorities=[4.0]).duplicate
        assert sizes() == [91, 91, 0]

    await asyncio.to_thread(calls)
    blocked = asyncio.create_task(
        asyncio.to_thread(
            client.record, "prioritized", "v", 1, wire(range(10)), more_tables={"queue": None}
        )
    )
    while (await asyncio.to_thread(client.list_tables))[1].waiting_inserts == 0:
        pass
    # The table that it waits for is not the one in whose line it stands.
    await asyncio.to_thread(client.sample, "queue", 1, signature=SIGNATURE)
    assert (await blocked).table_size == 101


async def test_a_writer_waits_for_room_on_a_full_disk(tmp_path):
    files = VolatileFiles()
    async with serve_on(files) as client:
        await asyncio.to_thread(client.create_table, QUEUE)
        writer = client.writer("queue", SIGNATURE, give_up=30.0)
        await asyncio.to_thread(writer.append, rows([0]))
        files.full = True
        append = asyncio.create_task(asyncio.to_thread(writer.append, rows([1])))
        with pytest.raises(ResourceExhausted, match="No space left"):
            await asyncio.to_thread(client.record, "queue", "other", 1, wire([9]))
        batch = await asyncio.to_thread(client.sample, "queue", 1, signature=SIGNATURE)
        assert batch.columns["index"].tolist() == [0]
        files.full = False
        await append
        assert writer.sequence == 2


@asynccontextmanager
async def serve_on(files: VolatileFiles):
    """A client of the service whose log is on these files."""
    journal = FileJournal(Path("/data"), files, Durability.INTERVAL)
    tables_ = Tables(journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10)

    async def compose(settings: ReplaySettings, server: Server) -> None:
        server.add_servicer(SERVICE, add_replay_servicer, ReplayServicer(tables_))

    with TemporaryDirectory() as folder:
        async with serve(ReplaySettings(port=0, data_dir=Path(folder)), compose) as server:
            client = ReplayClient(server.address)
            yield client
            client.close()
    await journal.close()
