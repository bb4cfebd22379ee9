"""The folder of one table: checkpoints and the segments of its log.

`checkpoint-N` is the table as it was before the first record of segment `log-N`. A restart reads
the newest checkpoint and does again what stands in the segments from N on; older ones are deleted
once a newer checkpoint is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from functools import partial
from pathlib import Path

from mazemesh.errors import ResourceExhausted
from mazemesh.process.errors import StartError
from mazemesh.wire.tensors import Signature
from services._harness.shielded import in_thread
from services.replay.journal.checkpoint_file import (
    CheckpointReader,
    checkpoint_name,
    write_checkpoint,
)
from services.replay.journal.files import Files
from services.replay.journal.log_reader import LogReader
from services.replay.journal.records import encode
from services.replay.journal.segment_log import SegmentLog
from services.replay.journal.segment_writer import segment_name
from services.replay.store import Checkpoint
from services.replay.table.image import TableImage
from services.replay.table.operations import Insert, Operation
from services.replay.table.row_copy import RowCopy, RowSlice

Retire = Callable[[Path, Signature], None]
"""Is given each segment, in a thread, before it is deleted."""


class TableFolder:
    """A log in a folder; see `TableLog`. Without a segment log only checkpoints are kept."""

    def __init__(
        self,
        files: Files,
        folder: Path,
        signature: Signature,
        threads: Executor,
        archiving: Executor,
        log: SegmentLog | None,
        *,
        number: int,
        read_bytes: int = 0,
        retire: Retire | None = None,
    ) -> None:
        self.folder = folder
        self.is_deleted = False
        self._files = files
        self._signature = signature
        self._threads = threads
        self._archiving = archiving
        self._log = log
        self._number = number
        self._tail_start = -read_bytes
        self._retire = retire
        self._sealed = 0

    @property
    def tail_bytes(self) -> int:
        """What a restart would have to read on top of the last checkpoint."""
        return self._log.appended_bytes - self._tail_start if self._log else 0

    def check(self) -> None:
        """Raises ResourceExhausted while the disk is full."""
        if self._log is not None:
            self._log.check()

    def check_backlog(self) -> None:
        """Raises ResourceExhausted while too much waits to be written."""
        if self._log is not None:
            self._log.check_backlog()

    def append(self, operation: Operation) -> None:
        """Takes what was done to the table."""
        if self._log is not None:
            later = operation.batch.fingerprint.value if isinstance(operation, Insert) else None
            self._log.append(encode(operation, self._signature), later)

    async def committed(self) -> None:
        """Waits until all that was appended is as safe as promised; see `TableLog`."""
        if self._log is not None:
            await self._log.committed()

    async def seal(self) -> None:
        """Goes on in a new segment, unless nothing is in this one; see `TableLog`."""
        if self._log is not None and self._log.appended_bytes > self._sealed:
            self._sealed = self._log.appended_bytes
            self._log.roll()
            await self._log.committed()

    async def checkpoint(self, image: TableImage, rows: RowCopy) -> Checkpoint:
        """Stores the table as it is at the moment of the call; see `TableLog`."""
        # Nothing may be awaited before the log is rolled: what comes later belongs behind it.
        roll = self._log.roll() if self._log else None
        appended = self._sealed = self._log.appended_bytes if self._log else 0
        await self.committed()
        number = self._number + 1 if roll is None else roll.number
        size = await self._write(number, image, rows)
        self._number, self._tail_start = number, appended
        old = await in_thread(self._threads, self._files_before, number)
        if self._retire is not None:
            # In threads of its own: a long archive holds up no other table's checkpoint.
            await in_thread(self._archiving, self._archive, old, self._retire)
        await in_thread(self._threads, self._remove, old)
        return Checkpoint(number, size)

    async def delete(self) -> None:
        """Deletes everything; a restart no longer knows the table."""
        await self.close()
        await in_thread(self._threads, clear_folder, self._files, self.folder)
        self.is_deleted = True

    async def close(self) -> None:
        """Makes everything safe and ends."""
        if self._log is not None:
            await self._log.close()

    async def _write(self, number: int, image: TableImage, rows: RowCopy) -> int:
        path = self.folder / checkpoint_name(number)
        run = partial(in_thread, self._threads)
        try:
            return await write_checkpoint(self._files, path, image, rows, run)
        except OSError as error:
            raise ResourceExhausted(
                f"the checkpoint cannot be written ({error.strerror or error}); "
                "the one before is still there"
            ) from error

    def _files_before(self, number: int) -> list[str]:
        """Names of the checkpoints and segments that a checkpoint made superfluous."""
        known = [(name, *parse_name(name)) for name in self._files.names(self.folder)]
        return [name for name, kind, found in known if kind is not None and found < number]

    def _archive(self, names: list[str], retire: Retire) -> None:
        for name in names:
            if parse_name(name)[0] == "log":
                retire(self.folder / name, self._signature)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            self._files.remove(self.folder / name)
        self._files.sync_folder(self.folder)


class StoredFolder:
    """A folder from before this process; see `StoredTable`."""

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self.folder = folder
        known = [parse_name(name) for name in files.names(folder)]
        checkpoints = [number for kind, number in known if kind == "checkpoint"]
        self.is_table = bool(checkpoints)
        """False for what remains when a process died while it made a table."""
        self.number = max(checkpoints, default=0)
        self._segments = sorted(n for kind, n in known if kind == "log" and n >= self.number)
        self._operations: LogReader | None = None
        self.name = folder.name
        self.signature: Signature | None = None

    @property
    def next_number(self) -> int:
        """Of the segment in which the log goes on."""
        return max([self.number - 1, *self._segments]) + 1

    @property
    def read_bytes(self) -> int:
        """Of the log, as far as it was read."""
        return self._operations.read_bytes if self._operations else 0

    def holds(self, table: str) -> bool:
        """Whether the table is called `table`: some disks find a folder under several names."""
        if not self.is_table:
            return False
        with closing(CheckpointReader(self._files, self._checkpoint_path)) as reader:
            return reader.image().spec.name == table

    def read_checkpoint(self) -> tuple[TableImage, Iterator[RowSlice]]:
        """The newest checkpoint."""
        self._files.remove(self.folder / "checkpoint.unfinished")
        reader = CheckpointReader(self._files, self._checkpoint_path)
        image = reader.image()
        self.name, self.signature = image.spec.name, image.spec.signature
        return image, reader.rows([column.row_bytes for column in image.spec.signature.columns])

    def operations(self) -> Iterator[Operation]:
        """What was done since."""
        assert self.signature is not None
        if self._segments:
            self._check_gaps()
        self._operations = LogReader(self._files, self.folder, self._segments, self.signature)
        yield from self._operations
        # What was only written so far is built upon from now on.
        for number in self._segments[-1:]:
            self._files.sync(self.folder / segment_name(number))

    @property
    def _checkpoint_path(self) -> Path:
        return self.folder / checkpoint_name(self.number)

    def _check_gaps(self) -> None:
        for number in range(self.number, self._segments[-1]):
            if number not in self._segments:
                raise StartError(
                    f"{self.folder / segment_name(number)} is missing. To do without what came "
                    "after it, move the later log-* files away"
                )


def clear_folder(files: Files, folder: Path) -> None:
    """Deletes all files; the checkpoints first, without which the others mean nothing."""
    for name in files.names(folder):
        if name.startswith("checkpoint"):
            files.remove(folder / name)
    files.sync_folder(folder)
    for name in files.names(folder):
        files.remove(folder / name)
    files.sync_folder(folder)


def parse_name(name: str) -> tuple[str | None, int]:
    """Kind ("checkpoint" or "log") and number of a file; None for any other."""
    kind, _, number = name.partition("-")
    if kind in ("checkpoint", "log") and number.isdigit():
        return kind, int(number)
    return None, 0
