"""Checkpoints whose callers leave, whose table is deleted, and what else runs beside them."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import NotFound, Unavailable
from services.replay.hosting.tables import Tables
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.frames import Buffer
from services.replay.journal.segment_log import Durability
from tests.replay_files import VolatileFile, VolatileFiles
from tests.replay_tables import batch, indices_of, queue, spec

FOLDER = Path("/data/replay")


class SlowFiles(VolatileFiles):
    """While `gate` is closed no checkpoint gets on; `misused`: its file was closed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.writing = threading.Event()
        self.misused = False

    def create(self, path: Path) -> VolatileFile:
        file = super().create(path)
        return SlowFile(self, file) if path.name == "checkpoint.unfinished" else file


class SlowFile(VolatileFile):
    def __init__(self, files: SlowFiles, file: VolatileFile) -> None:
        super().__init__(files, file._content)
        self._slow = files
        self._closed = False

    def write(self, buffers: Sequence[Buffer]) -> None:
        self._slow.writing.set()
        assert self._slow.gate.wait(20)
        # A descriptor that was closed may be another file's by now.
        self._slow.misused |= self._closed
        super().write(buffers)

    def close(self) -> None:
        self._closed = True


class Service:
    def __init__(self, files: VolatileFiles, **settings: object) -> None:
        self.journal = FileJournal(FOLDER, files, Durability.INTERVAL, **settings)
        self.tables = Tables(
            self.journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10
        )

    async def __aenter__(self) -> Tables:
        await self.tables.load()
        return self.tables

    async def __aexit__(self, *error: object) -> None:
        await self.tables.end()
        await self.journal.close()


async def is_set(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 20)


async def test_a_caller_who_leaves_does_not_end_the_checkpoint():
    files = SlowFiles()
    async with Service(files) as tables:
        await tables.create(queue(8))
        await tables["table"].insert(batch([1, 2]), None)
        files.gate.clear()
        files.writing.clear()
        call = asyncio.create_task(tables["table"].checkpoint())
        assert await is_set(files.writing)
        call.cancel()
        await asyncio.wait({call})
        files.gate.set()
        assert (await tables["table"].checkpoint()).number == 2
        assert not files.misused
    async with Service(files.after_kill()) as tables:
        assert indices_of(tables["table"].table.sample(2)) == [1, 2]


async def test_a_file_is_closed_when_its_thread_is_done_with_it():
    files = SlowFiles()
    journal = FileJournal(FOLDER, files, Durability.INTERVAL)
    tables = Tables(journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10)
    await tables.create(spec())
    await tables["table"].insert(batch([1, 2]), None)
    files.gate.clear()
    files.writing.clear()
    checkpoint = asyncio.create_task(tables["table"].log.checkpoint(*tables["table"].table.image()))
    assert await is_set(files.writing)
    checkpoint.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    files.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await checkpoint
    assert not files.misused
    assert "checkpoint.unfinished" not in files.names(FOLDER / "table")
    await tables.end()
    await journal.close()


async def test_calls_that_come_during_a_checkpoint_share_the_next():
    files = SlowFiles()
    async with Service(files) as tables:
        await tables.create(queue(8))
        files.gate.clear()
        files.writing.clear()
        first = asyncio.create_task(tables["table"].checkpoint())
        assert await is_set(files.writing)
        later = [asyncio.create_task(tables["table"].checkpoint()) for _ in range(100)]
        await asyncio.sleep(0)
        files.gate.set()
        assert (await first).number == 1
        assert {made.number for made in await asyncio.gather(*later)} == {2}


async def test_the_checkpoint_of_a_deleted_table_leaves_nothing_to_its_successor():
    files = SlowFiles()
    async with Service(files) as tables:
        await tables.create(queue(8))
        old = tables["table"]
        await old.insert(batch([1, 2]), None)
        files.gate.clear()
        files.writing.clear()
        checkpoint = asyncio.create_task(old.checkpoint())
        assert await is_set(files.writing)
        delete = asyncio.create_task(tables.delete("table"))
        create = asyncio.create_task(tables.create(queue(4)))
        await asyncio.sleep(0)
        files.gate.set()
        with pytest.raises(NotFound, match="was deleted"):
            await checkpoint
        await asyncio.gather(delete, create)
        with pytest.raises(NotFound, match="was deleted"):
            await old.checkpoint()
        await tables["table"].insert(batch([3]), None)
        assert not files.misused
        left = files.after_kill()
    async with Service(left) as tables:
        assert tables["table"].table.spec.capacity == 4
        assert indices_of(tables["table"].table.sample(1)) == [3]
        assert tables["table"].table.size == 0


async def test_a_service_that_stops_ends_checkpoints_and_leaves_none_unfinished():
    files = SlowFiles()
    async with Service(files) as tables:
        await tables.create(queue(8))
        files.gate.clear()
        files.writing.clear()
        checkpoint = asyncio.create_task(tables["table"].checkpoint())
        assert await is_set(files.writing)
        asyncio.get_running_loop().call_soon(files.gate.set)
    with pytest.raises(Unavailable, match="is stopping"):
        await checkpoint
    assert files.names(FOLDER / "table") == [
        "checkpoint-0000000000",
        "log-0000000000",
        "log-0000000001",
    ]


@pytest.mark.parametrize("method", ["create", "delete"])
async def test_a_table_is_made_and_deleted_whole_also_when_the_caller_leaves(method):
    files = SlowFiles()
    async with Service(files) as tables:
        if method == "delete":
            await tables.create(queue(8))
            await tables["table"].insert(batch([1]), None)
            call = asyncio.create_task(tables.delete("table"))
            await asyncio.sleep(0)
        else:
            files.gate.clear()
            call = asyncio.create_task(tables.create(queue(8)))
            assert await is_set(files.writing)
        call.cancel()
        await asyncio.wait({call})
        files.gate.set()
        # Waits until the one before has ended.
        assert await tables.create(queue(8)) == (method == "delete")
        await tables["table"].insert(batch([2]), None)
        left = files.after_kill()
    async with Service(left) as tables:
        assert indices_of(tables["table"].table.sample(1)) == [2]
        assert tables["table"].table.size == 0


async def test_logs_are_synced_while_all_archivers_are_busy():
    files, busy, go_on = VolatileFiles(), threading.Semaphore(0), threading.Event()

    def archive(segment: Path, signature: object) -> None:
        busy.release()
        assert go_on.wait(20)

    async with Service(files, retire=archive) as tables:
        names = [f"table-{number}" for number in range(8)]
        for name in names:
            await tables.create(queue_called(name))
            await tables[name].insert(batch([1]), None)
        await tables.create(queue_called("another"))
        checkpoints = [asyncio.create_task(tables[name].checkpoint()) for name in names]
        # As many as archive at once.
        for _ in range(2):
            assert await asyncio.to_thread(busy.acquire, True, 20)
        files.synced.clear()
        await tables["another"].insert(batch([1]), None)
        assert await is_set(files.synced)
        assert not any(each.done() for each in checkpoints)
        go_on.set()
        await asyncio.gather(*checkpoints)


def queue_called(name: str):
    return spec(
        queue(8).sampler.kind, capacity=8, limiter=queue(8).limiter, max_times_sampled=1, name=name
    )
