"""One of two Replay services is killed under load, stopped, or comes back without its end."""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.replay_shards import ReplayShards
from mazemesh.errors import MazemeshError
from mazemesh.wire.tensors import Signature
from tests.servers.processes import ServiceProcess, service_process

pytestmark = pytest.mark.slow

SIGNATURE = Signature.of(index=("int64", ()), observation=("uint8", (100,)))
KEPT = tables.queue("kept", SIGNATURE, 1_000_000)
DRAWN = tables.prioritized(
    "drawn", SIGNATURE, 1000, alpha=1.0, min_size=1, samples_per_insert=1, error_buffer=1e18
)
BATCH = 8


class Load:
    """A writer of two tables and a learner, each in a thread."""

    def __init__(self, addresses: list[str]) -> None:
        self.replay = ReplayShards(addresses)
        for table in (KEPT, DRAWN):
            self.replay.create_table(table)
        self.written = self.learned = 0
        self.errors: list[MazemeshError] = []
        self.stop = threading.Event()
        self._progress = threading.Condition()
        self._threads = [threading.Thread(target=work) for work in (self.write, self.learn)]
        for thread in self._threads:
            thread.start()

    def write(self) -> None:
        kept, drawn = (self.replay.writer(name, SIGNATURE) for name in ("kept", "drawn"))
        with kept, drawn:
            while not self.stop.is_set():
                index = np.arange(self.written, self.written + BATCH)
                columns = {"index": index, "observation": np.zeros((BATCH, 100), np.uint8)}
                for writer in (kept, drawn):
                    writer.append(columns)
                with self._progress:
                    self.written += BATCH
                    self._progress.notify_all()

    def learn(self) -> None:
        updates = None
        while not self.stop.is_set():
            try:
                batch = self.replay.sample(
                    "drawn", 16, signature=SIGNATURE, timeout=2.0, priority_updates=updates
                )
            except MazemeshError as error:
                self.errors.append(error)
                self.stop.wait(0.05)
                continue
            assert batch.probabilities.max() <= 1.0
            updates = batch.keys, np.full(16, 2.0)
            with self._progress:
                self.learned += 1
                self._progress.notify_all()

    def goes_on(self, batches: int = 20) -> None:
        """Returns when so many batches more were written and learned from."""
        written, learned = self.written + BATCH * batches, self.learned + batches
        with self._progress:
            assert self._progress.wait_for(
                lambda: self.written >= written and self.learned >= learned, 60
            )

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        self.replay.close()


class Shards:
    """Two services whose processes may be replaced, each on its port."""

    def __init__(self, tmp_path: Path, life: AsyncExitStack) -> None:
        self._tmp_path = tmp_path
        self._life = life
        self.addresses = ["", ""]
        self.services: list[ServiceProcess] = []

    def folder(self, shard: int) -> Path:
        return self._tmp_path / str(shard)

    async def start(self, shard: int) -> ServiceProcess:
        port = self.addresses[shard].rpartition(":")[2] or "0"
        service = await self._life.enter_async_context(
            service_process(
                "services.replay", "--port", port, "--data-dir", str(self.folder(shard))
            )
        )
        self.addresses[shard] = service.address
        return service

    async def kill(self, service: ServiceProcess) -> None:
        service.send(signal.SIGKILL)
        await service.process.wait()

    async def takes_rows(self, shard: int) -> None:
        """Returns when the shard has been given rows since now."""

        def inserts() -> int:
            client = ReplayClient(self.addresses[shard])
            try:
                return sum(info.inserts for info in client.list_tables())
            finally:
                client.close()

        before = await asyncio.to_thread(inserts)
        async with asyncio.timeout(60):
            while await asyncio.to_thread(inserts) <= before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def drain(address: str) -> list[int]:
    client = ReplayClient(address)
    (size,) = (info.size for info in client.list_tables() if info.table.name == "kept")
    found: list[int] = []
    while len(found) < size:
        part = client.sample("kept", min(size - len(found), 1000), signature=SIGNATURE)
        found += part.columns["index"].tolist()
    client.close()
    return found


@pytest.fixture
async def shards(tmp_path: Path):
    async with AsyncExitStack() as life:
        made = Shards(tmp_path, life)
        made.services = [await made.start(shard) for shard in (0, 1)]
        yield made


async def test_a_killed_shard_loses_nothing_and_holds_nobody_up(shards: Shards) -> None:
    load = await asyncio.to_thread(Load, list(shards.addresses))
    await asyncio.to_thread(load.goes_on)
    await shards.kill(shards.services[1])
    await asyncio.to_thread(load.goes_on)
    shards.services[1] = await shards.start(1)
    await shards.takes_rows(1)
    await asyncio.to_thread(load.end)
    found = [
        index for address in shards.addresses for index in await asyncio.to_thread(drain, address)
    ]
    assert len(found) == len(set(found))
    assert set(found) == set(range(load.written))
    assert load.errors == []


async def test_a_shard_that_is_stopped_is_gone_without(shards: Shards) -> None:
    load = await asyncio.to_thread(Load, list(shards.addresses))
    await asyncio.to_thread(load.goes_on)
    shards.services[1].send(signal.SIGSTOP)
    await asyncio.to_thread(load.goes_on)
    shards.services[1].send(signal.SIGCONT)
    await shards.takes_rows(1)
    await asyncio.to_thread(load.end)


async def test_a_shard_that_lost_its_end_takes_rows_again(shards: Shards, tmp_path: Path) -> None:
    """As one that moved to another machine, where the copy of its rows is older."""
    load = await asyncio.to_thread(Load, list(shards.addresses))
    await asyncio.to_thread(load.goes_on)
    await shards.kill(shards.services[1])
    shutil.copytree(shards.folder(1), tmp_path / "copy")
    shards.services[1] = await shards.start(1)
    await shards.takes_rows(1)
    await asyncio.to_thread(load.goes_on)
    await shards.kill(shards.services[1])
    shutil.rmtree(shards.folder(1))
    shutil.copytree(tmp_path / "copy", shards.folder(1))
    shards.services[1] = await shards.start(1)
    await shards.takes_rows(1)
    await asyncio.to_thread(load.goes_on)
    await asyncio.to_thread(load.end)
    assert load.errors == []
