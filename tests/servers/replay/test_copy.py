"""A shard's rows in the blob store, and back on another machine."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from mazemesh.client.replay.replay import ReplayClient
from mazemesh.process.errors import StartError
from services._harness import serve
from services._harness.blobs.s3 import S3Blobs, S3Place
from services._harness.blobs.store import every
from services._harness.blobs.within import Within
from services.replay.bind import bind
from services.replay.settings import ReplaySettings
from services.replay.stores.shard_copy import ShardCopy
from services.replay.stores.shard_restore import NOTE
from tests.s3_server import S3Server, s3_server
from tests.servers.replay_rows import PRIORITIZED, QUEUE, SIGNATURE, rows
from tests.servers.running import eventually


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


class Machines:
    """Replay services with folders of their own, and one bucket."""

    def __init__(self, tmp_path, s3: S3Server) -> None:
        self.tmp_path = tmp_path
        self.s3 = s3
        self.bucket = s3.bucket()
        self.blobs = Within(S3Blobs(S3Place(self.bucket, "", s3.url)), "experience/0/")

    @asynccontextmanager
    async def machine(self, name: str, **settings):
        given = {"copy_seconds": 0.05, "blobs_grace_hours": 0, "shard": "0", **settings}
        own = ReplaySettings(
            port=0,
            data_dir=self.tmp_path / name,
            memory_limit_gib=1.0,
            blobs_url=f"s3://{self.bucket}",
            blobs_endpoint_url=self.s3.url,
            **given,
        )
        async with serve(own, bind) as server:
            client = ReplayClient(server.address)
            yield server, client
            client.close()

    def put(self) -> list[str]:
        return [blob.key for blob in every(self.blobs)]

    async def has(self, ending: str) -> None:
        await asyncio.to_thread(eventually, lambda: any(key.endswith(ending) for key in self.put()))


@pytest.fixture
def machines(tmp_path, s3) -> Machines:
    return Machines(tmp_path, s3)


def insert(client: ReplayClient, definition, indices) -> None:
    with client.writer(definition.name, SIGNATURE) as writer:
        writer.append(rows(indices), np.arange(1.0, len(indices) + 1))


def stored(client: ReplayClient) -> dict[str, int]:
    return {info.table.name: info.size for info in client.list_tables()}


async def test_a_lost_shard_comes_back_elsewhere_and_is_told(machines: Machines) -> None:
    async with machines.machine("lost") as (lost, client):
        await asyncio.to_thread(client.create_table, QUEUE)
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50))
        await machines.has("log-0000000000")
        await machines.has("whole")
        async with machines.machine("new") as (_, other):
            assert await asyncio.to_thread(stored, other) == {"queue": 0, "prioritized": 50}
            drawn = await asyncio.to_thread(other.sample, "prioritized", 500, signature=SIGNATURE)
            assert 30 < len(set(drawn.columns["index"])) <= 50
            np.testing.assert_array_equal(drawn.priorities, drawn.columns["index"] + 1.0)
            await asyncio.wait_for(lost.failed.wait(), 10)
            await asyncio.to_thread(insert, other, PRIORITIZED, range(50, 60))
    with pytest.raises(StartError, match="took it over"):
        async with machines.machine("lost"):
            pass
    async with machines.machine("third") as (_, third):
        assert (await asyncio.to_thread(stored, third))["prioritized"] == 60


async def test_an_orderly_stop_leaves_all_in_the_store(machines: Machines) -> None:
    async with machines.machine("one", copy_seconds=3600) as (_, client):
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50))
    async with machines.machine("two", copy_seconds=3600) as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 50}
        await asyncio.to_thread(client.checkpoint, "prioritized")
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50, 55))
    async with machines.machine("two", copy_seconds=3600) as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 55}
        await asyncio.to_thread(insert, client, PRIORITIZED, range(55, 57))
    async with machines.machine("three", copy_seconds=3600) as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 57}
    # What later lives and checkpoints replaced is gone.
    copy = ShardCopy(machines.blobs)
    assert len(copy.lives()) == 1
    [table] = copy.tables(copy.lives()[0])
    assert sum("checkpoint" in key for key in machines.put()) == 1
    assert table.names[0].startswith("checkpoint")


async def test_a_table_that_was_deleted_stays_so(machines: Machines) -> None:
    async with machines.machine("one") as (_, client):
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await asyncio.to_thread(client.create_table, QUEUE)
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50))
        await machines.has("log-0000000000")
        await asyncio.to_thread(client.delete_table, "prioritized")
        await asyncio.to_thread(client.delete_table, "queue")
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await asyncio.to_thread(insert, client, PRIORITIZED, range(7))
    async with machines.machine("two") as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 7}


async def test_a_restore_that_was_interrupted_begins_again(machines: Machines) -> None:
    async with machines.machine("one") as (_, client):
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50))
    half = machines.tmp_path / "two"
    (half / "replay" / "prioritized").mkdir(parents=True)
    (half / "replay" / "prioritized" / "log-0000000000").write_bytes(b"half")
    (half / NOTE).write_text(json.dumps({"shard": "0", "restoring": 1}))
    async with machines.machine("two") as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 50}


async def test_a_store_that_is_slow_is_waited_for(machines: Machines) -> None:
    async with machines.machine("one") as (_, client):
        await asyncio.to_thread(client.create_table, PRIORITIZED)
        await machines.has("whole")
        machines.s3.refusals = 2
        await asyncio.to_thread(insert, client, PRIORITIZED, range(50))
        await machines.has("log-0000000000")
    async with machines.machine("two") as (_, client):
        assert await asyncio.to_thread(stored, client) == {"prioritized": 50}


async def test_shards_have_copies_of_their_own(machines: Machines) -> None:
    async with machines.machine("one") as (_, client):
        await asyncio.to_thread(client.create_table, PRIORITIZED)
    async with machines.machine("two", shard="1") as (_, client):
        assert await asyncio.to_thread(stored, client) == {}
    with pytest.raises(StartError, match="holds shard '1'"):
        async with machines.machine("two"):
            pass
