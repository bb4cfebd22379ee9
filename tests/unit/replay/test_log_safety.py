"""What the log promises, against cuts, flipped bits, power cuts, full and broken disks."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import ResourceExhausted
from mazemesh.process.errors import StartError
from services.replay.hosting.hosted_table import HostedTable
from services.replay.hosting.tables import Tables
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.segment_log import Durability
from services.replay.journal.segment_writer import segment_name
from tests.replay_files import VolatileFiles
from tests.replay_tables import batch, indices_of, queue

FOLDER = Path("/data/replay")
TABLE = FOLDER / "table"
FIRST_SEGMENT = TABLE / segment_name(0)
CAPACITY = 1000


class Service:
    """Tables on a file system, with one queue."""

    def __init__(self, files: VolatileFiles, durability: Durability, **settings: int) -> None:
        self.journal = FileJournal(FOLDER, files, durability, **settings)
        self.tables = Tables(
            self.journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10
        )
        self.sequence = 0

    async def __aenter__(self) -> "Service":
        await self.tables.load()
        await self.tables.create(queue(CAPACITY))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.journal.close()

    @property
    def table(self) -> HostedTable:
        return self.tables["table"]

    async def insert(self, count: int = 1) -> None:
        """One batch; rows are numbered by their batch."""
        self.sequence += 1
        new = batch([self.sequence] * count, writer_id="w", sequence=self.sequence)
        await self.table.insert(new, None)

    def batches(self) -> list[int]:
        """What a reader would still be served."""
        size = self.table.table.size
        return indices_of(self.table.table.sample(size)) if size else []


async def found_in(files: VolatileFiles) -> list[int]:
    async with Service(files, Durability.FSYNC) as service:
        return service.batches()


async def a_log(count: int, *, safe: bool = True) -> tuple[VolatileFiles, list[int]]:
    """A log of `count` inserts and where each of them ends."""
    files, ends = VolatileFiles(), []
    async with Service(files, Durability.FSYNC if safe else Durability.INTERVAL) as service:
        for _ in range(count):
            await service.insert()
            ends.append(len(files.data(FIRST_SEGMENT)))
        return files.after_kill(), ends


async def test_a_log_cut_at_any_byte_gives_exactly_the_whole_records():
    files, ends = await a_log(5)
    data = bytes(files.data(FIRST_SEGMENT))
    for size in range(len(data) + 1):
        cut = files.after_kill()
        del cut.data(FIRST_SEGMENT)[size:]
        whole = sum(end <= size for end in ends)
        assert await found_in(cut) == list(range(1, whole + 1))
        # And the service went on from there: the second restart finds the same.
        assert await found_in(cut) == list(range(1, whole + 1))


async def test_every_flipped_byte_is_reported_with_file_and_offset(caplog):
    files, ends = await a_log(4)
    starts = [0, *ends]
    for index in range(ends[-1]):
        flipped = files.after_kill()
        flipped.data(FIRST_SEGMENT)[index] ^= 1 << (index % 8)
        hit = sum(end <= index for end in ends)
        if hit < 3:
            with pytest.raises(StartError, match=f"{FIRST_SEGMENT} is damaged: .* {starts[hit]} "):
                await found_in(flipped)
        else:
            # Nothing tells whether the last record was complete before. It is kept aside.
            assert await found_in(flipped) == [1, 2, 3]
            aside = FIRST_SEGMENT.with_name(f"{FIRST_SEGMENT.name}.cut-{starts[3]}")
            assert len(flipped.data(aside)) == ends[3] - starts[3]


async def test_a_flipped_byte_in_a_checkpoint_is_reported_with_file_and_offset():
    files = VolatileFiles()
    async with Service(files, Durability.FSYNC) as service:
        await service.insert(3)
        await service.table.checkpoint()
        left = files.after_kill()
    checkpoint = TABLE / "checkpoint-0000000001"
    for index in range(len(left.data(checkpoint))):
        flipped = left.after_kill()
        flipped.data(checkpoint)[index] ^= 4
        with pytest.raises(StartError, match=rf"{checkpoint} is damaged: the part at byte \d+ "):
            await found_in(flipped)
    assert await found_in(left) == [1, 1, 1]


async def test_a_missing_segment_is_reported():
    files = VolatileFiles()
    async with Service(files, Durability.FSYNC, segment_bytes=150) as service:
        for _ in range(8):
            await service.insert()
        left = files.after_kill()
    left.remove(TABLE / segment_name(1))
    with pytest.raises(StartError, match=f"{segment_name(1)} is missing"):
        await found_in(left)


async def test_fsync_survives_a_power_cut_as_soon_as_it_is_acknowledged():
    files = VolatileFiles()
    async with Service(files, Durability.FSYNC) as service:
        for number in range(1, 6):
            await service.insert()
            assert await found_in(files.after_power_cut()) == list(range(1, number + 1))


async def test_interval_survives_a_kill_at_once_and_a_power_cut_a_moment_later():
    files = VolatileFiles()
    async with Service(files, Durability.INTERVAL) as service:
        files.synced.clear()
        await service.insert()
        assert await found_in(files.after_kill()) == [1]
        assert await found_in(files.after_power_cut()) == []
        assert await asyncio.to_thread(files.synced.wait, 5)
        assert await found_in(files.after_power_cut()) == [1]


async def test_none_keeps_what_was_checkpointed():
    files = VolatileFiles()
    async with Service(files, Durability.NONE) as service:
        await service.insert()
        await service.table.checkpoint()
        await service.insert()
        for left in (files.after_kill(), files.after_power_cut()):
            async with Service(left, Durability.NONE) as again:
                assert again.batches() == [1]


async def test_calls_share_a_sync():
    files, syncs = VolatileFiles(), 0

    def count() -> None:
        nonlocal syncs
        syncs += files.synced.is_set()
        files.synced.clear()

    async with Service(files, Durability.FSYNC) as service:
        await service.insert()
        files.on_change = count
        new = [batch([i], writer_id=f"writer {i}") for i in range(200)]
        await asyncio.gather(*(service.table.insert(each, None) for each in new))
        files.on_change = None
    assert syncs < 20


@pytest.mark.parametrize("kind", ["kill", "power cut"])
async def test_a_crash_at_any_moment_of_checkpoints_loses_and_doubles_nothing(kind):
    files = VolatileFiles()
    moments: list[tuple[VolatileFiles, int, int]] = []
    sent = acknowledged = 0

    def crash() -> None:
        left = files.after_kill() if kind == "kill" else files.after_power_cut()
        moments.append((left, acknowledged, sent))

    async with Service(files, Durability.FSYNC, segment_bytes=400) as service:
        files.on_change = crash
        for _ in range(3):
            checkpoint = asyncio.create_task(service.table.checkpoint())
            while not checkpoint.done():
                sent += 1
                await service.insert()
                acknowledged += 1
            await checkpoint
        files.on_change = None
    assert len(moments) > 50
    for left, least, most in moments:
        found = await found_in(left)
        assert found == list(range(1, len(found) + 1))
        assert least <= len(found) <= most


async def test_a_full_disk_refuses_inserts_and_the_service_goes_on():
    files = VolatileFiles()
    async with Service(files, Durability.FSYNC) as service:
        await service.insert(2)
        files.full = True
        with pytest.raises(ResourceExhausted, match=r"cannot be written \(No space left on device"):
            await service.insert()
        with pytest.raises(ResourceExhausted, match="No space left"):
            await service.insert()
        with pytest.raises(ResourceExhausted, match=r"checkpoint|No space left"):
            await service.table.checkpoint()
        # What is there is served, and the first refused batch is held in memory.
        assert indices_of(await service.table.sample(2, 1.0)) == [1, 1]
        files.full = False
        service.sequence = 1
        while service.sequence < 3:
            try:
                await service.insert()
            except ResourceExhausted:
                service.sequence -= 1
                await asyncio.sleep(0.02)
        assert await found_in(files.after_power_cut()) == [2, 3]


async def test_what_waits_for_a_full_disk_is_bounded():
    files = VolatileFiles()
    async with Service(files, Durability.INTERVAL, most_waiting_bytes=2000) as service:
        rows = await service.table.insert(batch([1] * 10, writer_id="w", sequence=1), None)
        files.full = True
        changes = 0

        async def change_for_ever() -> None:
            nonlocal changes
            while changes < 1000:
                await service.table.update_priorities(rows.keys, np.full(10, 2.0 + changes))
                changes += 1

        limit = "bytes of the log wait to be written, more than the limit of 2000: .*No space left"
        with pytest.raises(ResourceExhausted, match=limit):
            await change_for_ever()
        # Each is 185 bytes long.
        assert changes == 11
        with pytest.raises(ResourceExhausted, match=limit):
            await service.table.sample(1, 1.0)
        files.full = False
        service.sequence = 1
        while service.sequence < 2:
            try:
                await service.insert()
            except ResourceExhausted:
                service.sequence -= 1
                await asyncio.sleep(0.02)
        left = files.after_kill()
    async with Service(left, Durability.INTERVAL) as again:
        sample = await again.table.sample(11, 1.0)
        assert indices_of(sample) == [1] * 10 + [2]
        assert sample.priorities.tolist() == [12.0] * 10 + [1.0]


async def test_a_disk_that_does_not_sync_ends_the_service():
    files = VolatileFiles()
    async with Service(files, Durability.FSYNC) as service:
        await service.insert()
        files.broken = True
        with pytest.raises(ResourceExhausted, match=r"the log failed: .*Input/output error"):
            await service.insert()
        with pytest.raises(Exception, match="Input/output error"):
            await asyncio.wait_for(service.journal.watch(), 5)
        files.broken = False
