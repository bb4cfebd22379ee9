"""Episodes that writers tell of, over real sockets: added up per table, each batch once."""

import asyncio
import dataclasses

import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.replay_shards import ReplayShards
from mazemesh.episode_totals import NO_EPISODES, EpisodeTotals
from mazemesh.errors import DeadlineExceeded, InvalidArgument
from services._harness import serve
from services.replay.bind import bind
from services.replay.settings import ReplaySettings
from tests.servers.replay_rows import SIGNATURE, rows, wire

FIRST = EpisodeTotals(ended=2, reward=-7.5, steps=40, successes=1)
SECOND = EpisodeTotals(ended=1, reward=2.25, steps=8, successes=0)


def told(client, table="a"):
    [totals] = [info.episodes for info in client.list_tables() if info.table.name == table]
    return EpisodeTotals(totals.ended, totals.reward, totals.steps, totals.successes)


async def test_a_batch_is_counted_once(client):
    def calls():
        client.create_table(tables.queue("a", SIGNATURE, 100))
        assert told(client) == NO_EPISODES
        with client.writer("a", SIGNATURE) as writer:
            writer.append(rows(range(3)), episodes=FIRST)
            writer.append(rows(range(3)))
            assert told(client) == FIRST
            writer.append(rows(range(3)), episodes=SECOND)
            assert told(client) == FIRST + SECOND
        for _ in range(3):
            client.record("a", "again", 1, wire(range(3)), episodes=SECOND)
        assert told(client) == FIRST + SECOND + SECOND
        assert client.list_tables()[0].inserts == 12

    await asyncio.to_thread(calls)


async def test_all_tables_that_take_the_rows_count_them_and_none_that_does_not(client):
    def calls():
        client.create_table(tables.queue("a", SIGNATURE, 4))
        client.create_table(tables.queue("b", SIGNATURE, 100))
        client.record("a", "w", 1, wire(range(4)), episodes=FIRST, more_tables={"b": None})
        assert told(client, "a") == told(client, "b") == FIRST
        with pytest.raises(DeadlineExceeded):  # the queue is full
            client.record(
                *("a", "w", 2, wire(range(4))),
                episodes=SECOND,
                more_tables={"b": None},
                deadline=0.2,
            )
        assert told(client, "a") == told(client, "b") == FIRST

    await asyncio.to_thread(calls)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ended": -1}, r"episodes\.ended is -1; expected 0\.\.4294967296"),
        ({"ended": 2**40}, r"episodes\.ended is 1099511627776"),
        ({"steps": -5}, r"episodes\.steps is -5"),
        ({"successes": 3}, r"episodes\.successes is 3; expected 0\.\.2"),
        ({"reward": float("nan")}, r"episodes\.reward is nan"),
        ({"reward": float("-inf")}, r"episodes\.reward is -inf"),
        ({"reward": 1e101}, r"episodes\.reward is 1e\+101"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_rows(client, change, message):
    def calls():
        client.create_table(tables.queue("a", SIGNATURE, 100))
        wrong = dataclasses.replace(FIRST, **change)
        with pytest.raises(InvalidArgument, match=message):
            client.record("a", "w", 1, wire(range(3)), episodes=wrong)
        assert told(client) == NO_EPISODES
        assert client.list_tables()[0].inserts == 0

    await asyncio.to_thread(calls)


async def test_sums_begin_with_the_service_and_a_batch_from_before_is_none_of_them(tmp_path):
    settings = ReplaySettings(port=0, data_dir=tmp_path, seed=7, memory_limit_gib=1.0)

    def before(client):
        client.create_table(tables.queue("a", SIGNATURE, 100))
        client.record("a", "w", 1, wire(range(3)), episodes=FIRST)
        client.close()

    def after(client):
        assert client.record("a", "w", 1, wire(range(3)), episodes=FIRST).duplicate
        assert told(client) == NO_EPISODES
        client.record("a", "w", 2, wire(range(3)), episodes=SECOND)
        assert told(client) == SECOND
        client.close()

    for calls in (before, after):
        async with serve(settings, bind) as running:
            await asyncio.to_thread(calls, ReplayClient(running.address))


async def test_each_shard_has_the_sums_of_its_batches(server, tmp_path):
    other = ReplaySettings(port=0, data_dir=tmp_path / "b", seed=8, memory_limit_gib=1.0)

    def calls(addresses):
        shards = ReplayShards(addresses)
        shards.create_table(tables.queue("a", SIGNATURE, 100))
        with shards.writer("a", SIGNATURE) as writer:
            writer.append(rows(range(3)), episodes=FIRST)
            writer.append(rows(range(3)), episodes=SECOND)
        ended = sorted(info.episodes.ended for info in shards.list_tables())
        rewards = sum(info.episodes.reward for info in shards.list_tables())
        assert ended == [1, 2]
        assert rewards == -5.25
        shards.close()

    async with serve(other, bind) as second:
        await asyncio.to_thread(calls, [server.address, second.address])
