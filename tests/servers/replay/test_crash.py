"""Replay is killed again and again under load: nothing that was acknowledged is lost or doubled."""

import asyncio
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import MazemeshError
from mazemesh.wire.tensors import Signature
from tests.servers.processes import service_process

SIGNATURE = Signature.of(index=("int64", ()), observation=("uint8", (1000,)))
KEPT = tables.queue("kept", SIGNATURE, 1_000_000)
CONSUMED = tables.queue("consumed", SIGNATURE, 1_000_000)
BATCH = 16
READ = 4


def rows(start: int) -> dict[str, np.ndarray]:
    index = np.arange(start, start + BATCH)
    return {"index": index, "observation": np.repeat(index % 251, 1000).reshape(-1, 1000) % 256}


class Load:
    """Two writers, a reader and somebody who makes checkpoints, each in a thread."""

    def __init__(self, address: str) -> None:
        self.client = ReplayClient(address)
        self.written: dict[str, int] = {"kept": 0, "consumed": 0}
        self.read: list[int] = []
        self.failed_reads = 0
        self.checkpoints = 0
        self.stop = threading.Event()
        self._progress = threading.Condition()

    def run(self) -> list[asyncio.Task[None]]:
        work = [(self.write, "kept"), (self.write, "consumed"), (self.consume,), (self.checkpoint,)]
        return [asyncio.create_task(asyncio.to_thread(*each)) for each in work]

    def write(self, table: str) -> None:
        with self.client.writer(table, SIGNATURE, give_up=60) as writer:
            while not self.stop.is_set():
                columns = rows(self.written[table])
                columns["observation"] = columns["observation"].astype(np.uint8)
                writer.append(columns)
                with self._progress:
                    self.written[table] += BATCH
                    self._progress.notify_all()

    def goes_on_for(self, batches: int) -> None:
        """Returns when so many more batches were acknowledged, and a checkpoint."""
        rows, checkpoints = sum(self.written.values()) + batches * BATCH, self.checkpoints + 1
        with self._progress:
            assert self._progress.wait_for(
                lambda: sum(self.written.values()) >= rows and self.checkpoints >= checkpoints, 60
            )

    def consume(self) -> None:
        while not self.stop.is_set():
            try:
                batch = self.client.sample("consumed", READ, signature=SIGNATURE, timeout=2)
            except MazemeshError:
                self.failed_reads += 1
                self.stop.wait(0.05)
            else:
                self.read += batch.columns["index"].tolist()

    def checkpoint(self) -> None:
        while not self.stop.is_set():
            try:
                self.client.checkpoint()
                with self._progress:
                    self.checkpoints += 1
                    self._progress.notify_all()
            except MazemeshError:
                self.stop.wait(0.05)


def drain(client: ReplayClient, table: str) -> list[int]:
    size = next(info.size for info in client.list_tables() if info.table.name == table)
    found: list[int] = []
    while len(found) < size:
        batch = client.sample(table, min(size - len(found), 1000), signature=SIGNATURE)
        index = batch.columns["index"]
        np.testing.assert_array_equal(batch.columns["observation"][:, 999], index % 251)
        found += index.tolist()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["interval", "fsync"])
async def test_twenty_kills_in_the_middle_of_a_load_lose_and_double_nothing(
    tmp_path: Path, durability: str
):
    kills = 10
    rng = np.random.default_rng({"interval": 1, "fsync": 2}[durability])
    port, load, jobs = 0, None, []
    for number in range(kills + 1):
        arguments = ("--port", str(port), "--data-dir", str(tmp_path), "--durability", durability)
        async with service_process("services.replay", *arguments) as service:
            port = int(service.address.rsplit(":", 1)[1])
            if load is None:
                load = Load(service.address)
                for table in (KEPT, CONSUMED):
                    await asyncio.to_thread(load.client.create_table, table)
                jobs = load.run()
            if number == kills:
                load.stop.set()
                await asyncio.gather(*jobs)
                kept = await asyncio.to_thread(drain, load.client, "kept")
                rest = await asyncio.to_thread(drain, load.client, "consumed")
                load.client.close()
                break
            await asyncio.to_thread(load.goes_on_for, 20)
            # At some moment, not at an event.
            await asyncio.sleep(rng.uniform(0, 0.3))
            service.send(signal.SIGKILL)
            await service.process.wait()
    assert load.checkpoints >= kills
    assert kept == list(range(load.written["kept"]))
    seen = load.read + rest
    assert len(seen) == len(set(seen))
    missing = set(range(load.written["consumed"])) - set(seen)
    # Only rows whose answer was under way when the service died.
    assert len(missing) <= READ * load.failed_reads
    assert len(missing) <= READ * kills
