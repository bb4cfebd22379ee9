"""Several Replay services as one table."""

import asyncio
import threading
from contextlib import AsyncExitStack, closing
from typing import Never

import numpy as np
import pytest
from scipy import stats

from mazemesh.client.mesh import connect
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.replay_shards import ReplayShards
from mazemesh.client.replay.sharded_replay import ShardedReplay
from mazemesh.client.replay.sharded_sampler import ShardedSampler
from mazemesh.errors import DeadlineExceeded, InvalidArgument, NotFound, Unavailable
from mazemesh.process.ports import free_block
from mazemesh.wire.tensors import Signature, to_columns
from services._harness import serve
from services.replay.bind import bind
from services.replay.settings import ReplaySettings

SIGNATURE = Signature.of(index=("int64", ()))
ROWS = 60
DRAWS = 60_000


def definition(alpha: float = 0.6):
    return tables.prioritized(
        "table", SIGNATURE, 1000, alpha=alpha, min_size=1, samples_per_insert=1, error_buffer=1e18
    )


@pytest.fixture
async def addresses(tmp_path):
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                serve(ReplaySettings(port=0, data_dir=tmp_path / str(seed), seed=seed), bind)
            )
            for seed in range(3)
        ]
        yield [server.address for server in servers]


def assert_drawn_by(weights: np.ndarray, replay: ShardedReplay) -> np.ndarray:
    """Chi-square of draws against P(i) = w_i / sum w over ALL shards."""
    drawn, probabilities = [], weights / weights.sum()
    for _ in range(DRAWS // 1000):
        sharded = replay.sample(1000)
        index = sharded.batch.columns["index"]
        np.testing.assert_allclose(sharded.batch.probabilities, probabilities[index], rtol=1e-9)
        drawn.append(index)
    counts = np.bincount(np.concatenate(drawn), minlength=ROWS)
    possible = probabilities > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], DRAWS * probabilities[possible]).pvalue > 1e-4
    return counts


async def test_sharded_draws_are_those_of_a_single_table(addresses):
    def calls():
        rng = np.random.default_rng(5)
        priorities = rng.uniform(0, 4, ROWS)
        priorities[7] = 0.0
        writer = ShardedReplay(addresses, "table", SIGNATURE, rng)
        assert writer.create_table(definition())
        assert not writer.create_table(definition())
        # Batches of very different sizes, so that the shards' masses differ.
        for start, stop in ((0, 40), (40, 42), (42, 60)):
            writer.append({"index": np.arange(start, stop)}, priorities[start:stop])
        for replay in (writer, ShardedReplay(addresses, "table", SIGNATURE, rng)):
            assert_drawn_by(np.where(priorities > 0, priorities**0.6, 0.0), replay)

        sharded = writer.sample(500)
        changed = np.unique(sharded.batch.columns["index"])
        new = rng.uniform(0.1, 9, ROWS)
        priorities[changed] = new[changed]
        updates = new[sharded.batch.columns["index"]]
        assert writer.update_priorities(sharded, updates) == (500, 0)
        writer.refresh()
        assert_drawn_by(np.where(priorities > 0, priorities**0.6, 0.0), writer)
        writer.close()
        replay.close()

    await asyncio.to_thread(calls)


async def test_shards_of_zeros_only_are_drawn_uniformly_together(addresses):
    def calls():
        replay = ShardedReplay(addresses, "table", SIGNATURE, np.random.default_rng(6))
        replay.create_table(definition())
        for start, stop in ((0, 50), (50, 55), (55, 60)):
            replay.append({"index": np.arange(start, stop)}, np.zeros(stop - start))
        assert_drawn_by(np.ones(ROWS), replay)
        replay.close()

    await asyncio.to_thread(calls)


@pytest.fixture
def mesh(addresses, monkeypatch):
    """Clients of a mesh with two Replay services."""
    monkeypatch.setenv("MAZEMESH_REPLAY_ADDRESS", ", ".join(addresses[:2]))
    with connect() as mesh:
        yield mesh


async def test_a_queue_on_two_services_serves_each_row_once_and_loses_none(mesh):
    def calls():
        replay = mesh.replay
        assert replay.create_table(tables.queue("queue", SIGNATURE, 100))
        assert not replay.create_table(tables.queue("queue", SIGNATURE, 100))
        with replay.writer("queue", SIGNATURE) as writer:
            writer.append({"index": np.arange(8)})
            # The other shard is empty: its part of the batch does not come, this one's is kept.
            with pytest.raises(DeadlineExceeded):
                replay.sample("queue", 10, signature=SIGNATURE, timeout=0.05)
            for start in range(8, 40, 8):
                writer.append({"index": np.arange(start, start + 8)})
        assert sorted(info.inserts for info in replay.list_tables()) == [16, 24]
        drawn = [replay.sample("queue", 10, signature=SIGNATURE, timeout=10) for _ in range(3)]
        assert all(len(batch) == 10 for batch in drawn)
        index = np.concatenate([batch.columns["index"] for batch in drawn])
        # Of two queues in turn: each in its own order.
        assert len(set(index.tolist())) == 30
        for shard in (0, 1):
            own = np.concatenate([b.columns["index"][b.keys["shard"] == shard] for b in drawn])
            assert own.tolist() == sorted(own.tolist())

    await asyncio.to_thread(calls)


async def test_a_full_queue_gives_what_an_empty_one_has_not(mesh, addresses):
    """As after a shard came back with all its rows: writers wait for it, and draws for others."""

    def calls():
        replay = mesh.replay
        replay.create_table(tables.queue("queue", SIGNATURE, 24))
        with (
            closing(ReplayClient(addresses[0])) as full,
            full.writer("queue", SIGNATURE) as writer,
        ):
            for start in (0, 8, 16):
                writer.append({"index": np.arange(start, start + 8)})
        drawn = [replay.sample("queue", 12, signature=SIGNATURE, timeout=0.2) for _ in range(2)]
        index = np.concatenate([batch.columns["index"] for batch in drawn])
        assert index.tolist() == list(range(24))

    await asyncio.to_thread(calls)


async def test_priorities_go_back_to_the_service_that_has_the_row(mesh):
    def calls():
        replay = mesh.replay
        replay.create_table(definition(alpha=1.0))
        with replay.writer("table", SIGNATURE) as writer:
            for start in range(0, ROWS, 10):
                writer.append({"index": np.arange(start, start + 10)}, np.ones(10))
        first = replay.sample("table", 300, signature=SIGNATURE)
        index = first.columns["index"]
        # Two batches at once, as a learner that is late sends them.
        keys = np.concatenate([first.keys, first.keys])
        updates = (keys, np.concatenate([np.full(300, 5.0), np.where(index < 5, 3.0, 0.0)]))
        second = replay.sample("table", 300, signature=SIGNATURE, priority_updates=updates)
        assert (second.updated, second.stale) == (600, 0)
        third = replay.sample("table", 300, signature=SIGNATURE)
        expected = dict.fromkeys(range(ROWS), 1.0)
        expected |= {row: 3.0 if row < 5 else 0.0 for row in index.tolist()}
        drawn = third.columns["index"].tolist()
        assert third.priorities.tolist() == [expected[row] for row in drawn]
        assert 0.0 not in third.priorities

    await asyncio.to_thread(calls)


async def test_a_sampler_draws_by_mass_over_the_services_and_carries_priorities(mesh):
    weights = np.where(np.arange(ROWS) < 40, 1.0, 3.0)
    expected = weights / weights.sum()

    def calls():
        replay = mesh.replay
        replay.create_table(definition(alpha=1.0))
        with replay.writer("table", SIGNATURE) as writer:
            # The first service gets 40 rows of a mass of 40, the second 20 of a mass of 60.
            for start, stop in ((0, 40), (40, 60)):
                writer.append({"index": np.arange(start, stop)}, weights[start:stop])
        with replay.sampler("table", SIGNATURE, 1000, in_flight=3) as sampler:
            drawn = [next(sampler) for _ in range(DRAWS // 1000)]
            for batch in drawn:
                index = batch.columns["index"]
                np.testing.assert_allclose(batch.probabilities, expected[index], rtol=1e-9)
            index = np.concatenate([batch.columns["index"] for batch in drawn])
            counts = np.bincount(index, minlength=ROWS)
            assert stats.chisquare(counts, DRAWS * expected).pvalue > 1e-4
            assert {*np.unique(drawn[0].keys["shard"])} == {0, 1}
            every = np.array(
                [drawn[0].keys[drawn[0].columns["index"] == row][0] for row in (0, 59)]
            )
            sampler.update_priorities(every[:1], [0.0])
            sampler.update_priorities(every[1:], [0.0])
            told = [next(sampler) for _ in range(6)]
            assert sum(batch.updated for batch in told) == 2
            assert set(told[-1].columns["index"].tolist()).isdisjoint({0, 59})
        assert replay.update_priorities("table", every, [2.0, 4.0]) == (2, 0)
        assert list(sampler) == []

    await asyncio.to_thread(calls)


async def test_a_sampler_waits_for_a_queue_on_every_service_and_ends_when_it_is_closed(mesh):
    def calls():
        replay = mesh.replay
        replay.create_table(tables.queue("queue", SIGNATURE, 100))
        sampler = replay.sampler("queue", SIGNATURE, 10)
        with replay.writer("queue", SIGNATURE) as writer:
            writer.append({"index": np.arange(5)})
            assert sampler.receive(timeout=0.1) is None  # half of the batch has come
            writer.append({"index": np.arange(5, 10)})
        assert sorted(next(sampler).columns["index"].tolist()) == list(range(10))
        threading.Timer(0.1, sampler.close).start()
        assert list(sampler) == []
        missing = replay.sampler("missing", SIGNATURE, 8)
        for _ in range(2):
            with pytest.raises(NotFound, match="'missing'"):
                next(missing)

    await asyncio.to_thread(calls)


async def test_new_priorities_hold_even_if_the_draw_fails(mesh):
    def calls():
        replay = mesh.replay
        table = tables.prioritized(
            "table", SIGNATURE, 100, alpha=1.0, min_size=1, samples_per_insert=1, error_buffer=4
        )
        replay.create_table(table)
        with replay.writer("table", SIGNATURE) as writer:
            for start in (0, 4):
                writer.append({"index": np.arange(start, start + 4)}, np.ones(4))
        # Each service serves 3 rows more than were inserted: 14 in all, and of these 7 now.
        first = replay.sample("table", 7, signature=SIGNATURE)
        updates = (first.keys, np.full(7, 7.0))
        with pytest.raises(DeadlineExceeded):
            replay.sample("table", 8, signature=SIGNATURE, timeout=0.05, priority_updates=updates)
        rows = len(np.unique(first.keys))
        assert sum(info.priority_mass for info in replay.list_tables()) == 8 + 6.0 * rows

    await asyncio.to_thread(calls)


async def test_a_batch_that_was_refused_goes_to_the_same_service_again(mesh):
    def calls():
        replay = mesh.replay
        replay.create_table(definition())
        with replay.writer("table", SIGNATURE) as writer:
            for _ in range(2):
                with pytest.raises(InvalidArgument):
                    writer.append({"index": np.arange(3)}, np.full(3, np.nan))
            for _ in range(4):
                writer.append({"index": np.arange(3)})
        assert [info.inserts for info in replay.list_tables()] == [6, 6]

    await asyncio.to_thread(calls)


def test_no_shards_are_refused():
    with pytest.raises(InvalidArgument, match="addresses is empty"):
        ShardedReplay([], "table", SIGNATURE)


async def test_a_table_that_is_made_again_is_drawn_as_what_it_is_now(addresses):
    def calls():
        replay = ShardedReplay(addresses[:2], "table", SIGNATURE, np.random.default_rng(1))
        replay.create_table(definition())
        for _ in range(2):
            replay.append({"index": np.arange(10)})
        assert len(replay.sample(100).shards) == 100
        clients = [ReplayClient(address) for address in addresses[:2]]
        clients[1].delete_table("table")
        # The first shard has given its part by then.
        with pytest.raises(NotFound):
            replay.sample(100)
        clients[0].delete_table("table")
        for client in clients:
            client.create_table(definition())
        # Only one of them has rows, and none of the old are served.
        clients[1].record("table", "w", 1, to_columns(SIGNATURE, {"index": np.arange(50, 60)}))
        drawn = replay.sample(100, timeout=5.0)
        assert set(drawn.shards.tolist()) == {1}
        assert set(drawn.batch.columns["index"].tolist()) <= set(range(50, 60))
        for each in (replay, *clients):
            each.close()

    await asyncio.to_thread(calls)


async def test_a_sampler_whose_thread_dies_says_so(addresses):
    class Broken(ShardedReplay):
        def sample(self, *arguments: object, **named: object) -> Never:
            raise RuntimeError("no numbers")

    def calls():
        sampler = ShardedSampler(Broken(addresses, "table", SIGNATURE), 4)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="no numbers"):
                sampler.receive(timeout=30)
        sampler.close()
        assert sampler.receive() is None

    await asyncio.to_thread(calls)


async def test_a_table_is_made_without_a_shard_that_is_away_and_there_when_it_is_back(
    tmp_path, caplog
):
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(
            serve(ReplaySettings(port=0, data_dir=tmp_path / "here"), bind)
        )
        port = free_block(1).start
        replay = ReplayShards([here.address, f"127.0.0.1:{port}"])
        stack.callback(replay.close)
        assert await asyncio.to_thread(replay.create_table, definition())
        assert not await asyncio.to_thread(replay.create_table, definition())
        assert len(await asyncio.to_thread(replay.list_tables)) == 1
        assert [f"127.0.0.1:{port} is away" in line for line in caplog.messages] == [True]
        await stack.enter_async_context(
            serve(ReplaySettings(port=port, data_dir=tmp_path / "back"), bind)
        )
        async with asyncio.timeout(30):
            while len(await asyncio.to_thread(replay.list_tables)) < 2:
                pass
        assert not await asyncio.to_thread(replay.create_table, definition())


async def test_without_any_shard_no_table_is_listed_or_made():
    replay = ReplayShards([f"127.0.0.1:{port}" for port in free_block(2)])
    for call in (replay.list_tables, lambda: replay.create_table(definition())):
        with pytest.raises(Unavailable, match="none of Replay at"):
            await asyncio.to_thread(call)
    replay.close()
