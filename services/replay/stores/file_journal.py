"""Tables in a folder: one folder for each, with checkpoints and a log of what was done since."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mazemesh.errors import ResourceExhausted
from mazemesh.tensors import Signature
from services.replay.row_copy import RowCopy
from services.replay.store import StoredTable, TableLog
from services.replay.stores.checkpoint_file import checkpoint_name, write_checkpoint
from services.replay.stores.files import Files
from services.replay.stores.segment_log import MOST_WAITING_BYTES, Durability, SegmentLog
from services.replay.stores.segment_writer import SegmentWriter
from services.replay.stores.table_folder import (
    Retire,
    StoredFolder,
    TableFolder,
    clear_folder,
)
from services.replay.table_image import TableImage

SEGMENT_BYTES = 64 * 2**20

_THREADS = 4
_LONGEST_NAME = 200


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
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="replay-log")
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
        folder = self._folder / folder_name(image.spec.name)
        try:
            await self._in_thread(self._prepare, folder)
            path = folder / checkpoint_name(0)
            await write_checkpoint(self._files, path, image, rows, self._in_thread)
            await self._in_thread(self._files.sync_folder, self._folder)
            return await self._open(folder, image.spec.signature, 0, 0)
        except OSError as error:
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
        self._threads.shutdown()

    async def _open(
        self, folder: Path, signature: Signature, number: int, read_bytes: int
    ) -> TableFolder:
        log = None
        if self._durability is not Durability.NONE:
            writer = await self._in_thread(
                SegmentWriter, self._files, folder, number, self._segment_bytes
            )
            log = SegmentLog(
                writer, self._threads, self._durability, self._fail, self._most_waiting_bytes
            )
        table = TableFolder(
            self._files,
            folder,
            signature,
            self._threads,
            log,
            number=number,
            read_bytes=read_bytes,
            retire=self._retire,
        )
        self._logs.append(table)
        return table

    def _prepare(self, folder: Path) -> None:
        self._files.make_folder(folder)
        clear_folder(self._files, folder)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._failed.set()

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def folder_name(table: str) -> str:
    """A file name for a table's name, which may hold slashes and dots, and be too long for one."""
    name = quote(table, safe="").replace(".", "%2E")
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 33]}-{hashlib.sha256(table.encode()).hexdigest()[:32]}"
