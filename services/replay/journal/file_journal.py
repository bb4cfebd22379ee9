"""Tables in a folder: one folder for each, with checkpoints and a log of what was done since."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import string
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import quote

from mazemesh.errors import ResourceExhausted
from mazemesh.wire.tensors import Signature
from services._harness.shielded import in_thread
from services.replay.journal.checkpoint_file import checkpoint_name, write_checkpoint
from services.replay.journal.files import Files
from services.replay.journal.segment_log import MOST_WAITING_BYTES, Durability, SegmentLog
from services.replay.journal.segment_writer import SegmentWriter
from services.replay.journal.table_folder import Retire, StoredFolder, TableFolder, clear_folder
from services.replay.store import StoredTable, TableLog
from services.replay.table.image import TableImage
from services.replay.table.row_copy import RowCopy

SEGMENT_BYTES = 64 * 2**20

# Those of the first only sync logs, those of the last only archive: each of that may take long.
_SYNC_THREADS, _FILE_THREADS, _ARCHIVE_THREADS = 4, 4, 2
_LONGEST_NAME = 200
_AS_THEY_ARE = frozenset(string.ascii_lowercase + string.digits + "-_")


class FileJournal:
    """See `Journal`. `files` is the file system, so that tests can have one that loses data."""

    def __init__(
        self,
        folder: Path,
        files: Files,
        durability: Durability,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        most_waiting_bytes: int = MOST_WAITING_BYTES,
        retire: Retire | None = None,
    ) -> None:
        self._folder = folder
        self._files = files
        self._durability = durability
        self._segment_bytes = segment_bytes
        self._most_waiting_bytes = most_waiting_bytes
        self._retire = retire
        self._syncing = ThreadPoolExecutor(_SYNC_THREADS, thread_name_prefix="replay-log-sync")
        self._threads = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="replay-log-files")
        self._archiving = ThreadPoolExecutor(_ARCHIVE_THREADS, thread_name_prefix="replay-log-old")
        self._logs: list[TableFolder] = []
        self._failure: Exception | None = None
        self._failed = asyncio.Event()

    def stored(self) -> Sequence[StoredTable]:
        """Tables from before this process."""
        folders = [self._folder / name for name in self._files.names(self._folder)]
        stored = [StoredFolder(self._files, folder) for folder in folders]
        return [table for table in stored if table.is_table]

    async def go_on(self, stored: StoredTable) -> TableLog:
        """The log of a table whose operations were all read."""
        assert isinstance(stored, StoredFolder)
        assert stored.signature is not None
        return await self._open(
            stored.folder, stored.signature, stored.next_number, stored.read_bytes
        )

    async def create(self, image: TableImage, rows: RowCopy) -> TableLog:
        """The log of a new table, which a restart then knows."""
        folder = self._folder / self._free_name(image.spec.name)
        run = partial(in_thread, self._threads)
        try:
            await run(self._prepare, folder)
            await write_checkpoint(self._files, folder / checkpoint_name(0), image, rows, run)
            await run(self._files.sync_folder, self._folder)
            return await self._open(folder, image.spec.signature, 0, 0)
        except OSError as error:
            with contextlib.suppress(OSError):
                # Or else a restart would find a table that was refused.
                await run(clear_folder, self._files, folder)
            raise ResourceExhausted(
                f"table {image.spec.name!r} cannot be stored ({error.strerror or error})"
            ) from error

    async def watch(self) -> None:
        """Raises what made the log unsafe."""
        await self._failed.wait()
        assert self._failure is not None
        raise self._failure

    async def close(self) -> None:
        """Closes all logs."""
        await asyncio.gather(*(log.close() for log in self._logs))
        for threads in (self._syncing, self._threads, self._archiving):
            await asyncio.to_thread(threads.shutdown)

    async def _open(
        self, folder: Path, signature: Signature, number: int, read_bytes: int
    ) -> TableFolder:
        log = None
        if self._durability is not Durability.NONE:
            writer = await in_thread(
                self._threads, SegmentWriter, self._files, folder, number, self._segment_bytes
            )
            log = SegmentLog(
                writer, self._syncing, self._durability, self._fail, self._most_waiting_bytes
            )
        table = TableFolder(
            self._files,
            folder,
            signature,
            self._threads,
            self._archiving,
            log,
            number=number,
            read_bytes=read_bytes,
            retire=self._retire,
        )
        self._logs = [each for each in self._logs if not each.is_deleted]
        self._logs.append(table)
        return table

    def _free_name(self, table: str) -> str:
        """The first of the folder names that no other table has, however the disk spells it."""
        taken = {each.folder.name.casefold() for each in self._logs if not each.is_deleted}
        own, _, aside = folder_names(table)
        return aside if own.casefold() in taken else own

    def _prepare(self, folder: Path) -> None:
        self._files.make_folder(folder)
        clear_folder(self._files, folder)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._failed.set()


def folder_names(table: str) -> tuple[str, str, str]:
    """File names for a table's name, which may hold slashes and dots, and be too long for one.

    The first is that of a new table, in which nothing depends on the case of a letter: on the disks
    of macOS and Windows `A` and `a` are one folder. The second is what versions before 0114 gave,
    the third is for the case that such a folder is in the way of the first.
    """
    own = "".join(c if c in _AS_THEY_ARE else f"%{ord(c):02X}" for c in table)
    before = quote(table, safe="").replace(".", "%2E")
    digest = hashlib.sha256(table.encode()).hexdigest()[:32]
    return _short(own, digest), _short(before, digest), f"{own[: _LONGEST_NAME - 33]}+{digest}"


def _short(name: str, digest: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 33]}-{digest}"
