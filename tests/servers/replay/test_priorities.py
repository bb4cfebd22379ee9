"""A shard that moves to another machine draws as before: its priorities are in Redis."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import numpy as np
import pytest
from redis import Redis

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from services.replay.priorities.entry import from_bytes
from tests.redis_process import RedisProcess, redis_process
from tests.servers.processes import service_process
from tests.servers.replay_rows import SIGNATURE, rows
from tests.servers.running import eventually

pytestmark = [pytest.mark.slow, pytest.mark.redis]

ROWS = 64
KEY = "mazemesh:replay:0:priorities:table"


def definition():
    return tables.prioritized(
        "table", SIGNATURE, 1000, alpha=1.0, min_size=1, samples_per_insert=1, error_buffer=1e9
    )


@pytest.fixture
def redis():
    with redis_process() as server:
        yield server


def machine(tmp_path: Path, redis: RedisProcess, name: str):
    """A process with a folder of its own; only checkpoints get into the copy by themselves."""
    return service_process(
        "services.replay",
        *("--port", "0", "--data-dir", str(tmp_path / name), "--priorities-seconds", "0.05"),
        environment={
            "MAZEMESH_REDIS_URL": redis.url,
            "MAZEMESH_BLOBS_URL": (tmp_path / "blobs").as_uri(),
            "MAZEMESH_REPLAY_COPY_SECONDS": "0.5",
        },
    )


def recorded(redis: RedisProcess) -> dict[int, float]:
    """Priorities by key, as Redis has them."""
    found: dict[int, float] = {}
    with Redis.from_url(redis.url) as client:
        for data in client.lrange(KEY, 0, -1):
            entry = from_bytes(data)
            found |= dict(zip(entry.keys.tolist(), entry.priorities.tolist(), strict=True))
    return found


def fill(client: ReplayClient) -> np.ndarray:
    client.create_table(definition())
    with client.writer("table", SIGNATURE) as writer:
        answer = writer.append(rows(range(ROWS)), np.ones(ROWS))
    return np.frombuffer(answer.keys, "<u8")


def drawn(client: ReplayClient) -> dict[int, float]:
    batch = client.sample("table", 4000, signature=SIGNATURE)
    return dict(zip(batch.keys.tolist(), batch.priorities.tolist(), strict=True))


async def copied(tmp_path: Path, ending: str) -> None:
    blobs = tmp_path / "blobs"
    await asyncio.to_thread(
        eventually, lambda: any(path.name.endswith(ending) for path in blobs.rglob("*"))
    )


@pytest.mark.parametrize("flushed", [False, True])
async def test_another_machine_draws_as_the_lost_one_did(
    tmp_path: Path, redis: RedisProcess, flushed: bool
) -> None:
    async with machine(tmp_path, redis, "lost") as lost:
        client = ReplayClient(lost.address)
        keys = await asyncio.to_thread(fill, client)
        await asyncio.to_thread(client.checkpoint, "table")
        await copied(tmp_path, "checkpoint-0000000001")
        new = np.linspace(0.5, 9.0, ROWS)
        for _ in range(3):
            await asyncio.to_thread(client.update_priorities, "table", keys, new)
            await asyncio.to_thread(drawn, client)
        expected = {
            key: float(np.float32(one)) for key, one in zip(keys.tolist(), new, strict=True)
        }
        await asyncio.to_thread(eventually, lambda: recorded(redis) == expected)
        lost.send(signal.SIGKILL)
        await lost.process.wait()
        client.close()
    # As if the machine had been lost just before a copy of the log.
    for path in (tmp_path / "blobs").rglob("log-*"):
        path.unlink()
    if flushed:
        await asyncio.to_thread(redis.flush)
    async with machine(tmp_path, redis, "found") as found:
        client = ReplayClient(found.address)
        (info,) = await asyncio.to_thread(client.list_tables)
        assert info.size == ROWS
        present = await asyncio.to_thread(drawn, client)
        client.close()
    if flushed:
        assert present == dict.fromkeys(keys.tolist(), 1.0)  # as old as the copy
    else:
        assert {key: pytest.approx(one, rel=1e-6) for key, one in expected.items()} == present
