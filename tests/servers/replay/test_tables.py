"""The Replay service over real sockets."""

import asyncio
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
)
from mazemesh.process.errors import StartError
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1.replay_pb2_grpc import ReplayServiceStub
from mazemesh.wire.tensors import Signature
from services._harness import serve
from services.replay.bind import bind
from services.replay.settings import ReplaySettings
from tests.servers.replay_rows import PRIORITIZED, QUEUE, SIGNATURE, rows, waiting, wire


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


async def test_tables_are_listed_by_name_in_pages(client):
    def calls():
        for name in ("c", "a", "b"):
            client.create_table(tables.queue(name, SIGNATURE, 100))
        assert [info.table.name for info in client.list_tables()] == ["a", "b", "c"]
        stub = ReplayServiceStub(client.channel)
        first = stub.ListTables(pb.ListTablesRequest(page_size=2))
        assert [info.table.name for info in first.tables] == ["a", "b"]
        rest = stub.ListTables(pb.ListTablesRequest(page_size=2, page_token=first.next_page_token))
        assert [info.table.name for info in rest.tables] == ["c"]
        assert rest.next_page_token == ""

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


async def test_a_batch_that_is_sent_again_is_answered_again(client):
    def calls():
        client.create_table(PRIORITIZED)
        first = client.record("prioritized", "w", 1, wire(range(3)))
        again = client.record("prioritized", "w", 1, wire(range(3)))
        assert (again.duplicate, again.keys, again.table_size) == (True, first.keys, 3)
        client.record("prioritized", "w", 2, wire([3]))
        with pytest.raises(OutOfRange, match="sequence is 1; writer 'w' is at 2"):
            client.record("prioritized", "w", 1, wire(range(3)))
        with pytest.raises(AlreadyExists, match=r"sequence is 2, under which .* other rows"):
            client.record("prioritized", "w", 2, wire([8]))
        assert client.list_tables()[0].size == 4
        with pytest.raises(FailedPrecondition, match="sequence is 4; expected 3"):
            client.record("prioritized", "w", 4, wire([4]))
        assert client.record("prioritized", "after a restart", 9, wire([9])).table_size == 5

    await asyncio.to_thread(calls)


async def test_a_deadline_leaves_nothing_inserted_and_no_budget_used(client):
    def calls():
        client.create_table(QUEUE)
        client.record("queue", "w", 1, wire(range(100)))
        with pytest.raises(DeadlineExceeded, match=r"nothing was inserted: size 100 .* diff 100"):
            client.record("queue", "w", 2, wire([100]), deadline=2.0)
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


async def test_two_services_do_not_share_a_folder(server, tmp_path):
    with pytest.raises(StartError, match="is used by another Replay service"):
        async with serve(ReplaySettings(port=0, data_dir=tmp_path), bind):
            pass


async def test_tables_are_checkpointed_and_deleted_on_request(client, server):
    def calls():
        client.create_table(QUEUE)
        client.create_table(PRIORITIZED)
        client.record("queue", "w", 1, wire(range(50)))

        def log_bytes(name: str) -> int:
            return {info.table.name: info.log_bytes for info in client.list_tables()}[name]

        assert log_bytes("queue") > 50 * SIGNATURE.row_bytes
        made = client.checkpoint()
        assert [(each.table, each.number) for each in made] == [("queue", 1), ("prioritized", 1)]
        assert made[0].size_bytes > 50 * SIGNATURE.row_bytes
        assert log_bytes("queue") == 0
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
            found = {info.table.name: info.size for info in client.list_tables()}
            return [found[name] for name in ("queue", "prioritized", "other")]

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
