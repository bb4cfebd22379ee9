"""Puts checkpoints and sealed segments of a shard's tables into the blob store as they are made."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from mazemesh.errors import NotFound
from services.replay.hosting.copying import TakenOver
from services.replay.journal.table_folder import parse_name
from services.replay.stores.shard_copy import WHOLE, ShardCopy, key

ID: Final = "copy-id"
"""A file in a table's folder, which goes with the table."""

_log = structlog.get_logger("services.replay.copy")


@dataclass(frozen=True, slots=True)
class _LocalTable:
    """The files of a table that belong into the copy, in the order in which they are put."""

    folder: Path
    prefix: str
    names: tuple[str, ...]
    segments: int


class ShardUploads:
    """Copies the tables in `folder` into one life of a shard. Calls block.

    Attributes:
        whole_time: when all that was sealed was last there, in seconds since the epoch.
        segments: of each table since its checkpoint, by the name of its folder.
    """

    def __init__(self, copy: ShardCopy, folder: Path, life: int, grace: float) -> None:
        self.whole_time = time.time()
        self.segments: dict[str, int] = {}
        self._copy = copy
        self._folder = folder
        self._life = life
        self._grace = grace
        self._put: set[str] | None = None
        self._stopped = threading.Event()
        # A pass may go on in its thread after who began it was cancelled.
        self._passing = threading.Lock()

    def stop(self) -> None:
        """Ends a pass after the file that is being put; from any thread."""
        self._stopped.set()

    def run(self, *, ended: bool = False) -> None:
        """One pass: puts what is new, then deletes what it makes superfluous.

        Args:
            ended: nothing is written any more, so that the last segment is sealed, too.

        Raises:
            TakenOver: another service has begun a later life of the shard.
        """
        with self._passing:
            self._pass(ended)

    def _pass(self, ended: bool) -> None:
        begun = time.time()
        if max(self._copy.lives(), default=0) > self._life:
            raise TakenOver(f"another Replay service has taken over what is in {self._folder}")
        if self._put is None:
            self._put = self._copy.names(self._life)
        tables = list(self._tables(ended))
        for table in tables:
            for name in table.names:
                if self._stopped.is_set() and not ended:
                    return
                self._put_file(self._put, table, name)
        self._delete_but(tables, self._put)
        self.segments = {table.folder.name: table.segments for table in tables}
        whole = key(self._life, WHOLE)
        if whole not in self._put:
            self._copy.blobs.put(whole, b"")
            self._put.add(whole)
        self.whole_time = begun
        self._copy.forget_before(self._life, begun - self._grace)

    def _put_file(self, put: set[str], table: _LocalTable, name: str) -> None:
        target = f"{table.prefix}/{name}"
        if target in put:
            return
        # A checkpoint may have made it superfluous by now; the next pass puts that one.
        with suppress(FileNotFoundError):
            self._copy.blobs.put(target, table.folder / name)
            put.add(target)

    def _delete_but(self, tables: list[_LocalTable], put: set[str]) -> None:
        """Deletes older checkpoints and segments, once what replaces them is there."""
        needed = {f"{table.prefix}/{name}" for table in tables for name in table.names}
        if needed - put:
            return
        for old in sorted(put - needed):
            if old.count("/") == 3:
                with suppress(NotFound):
                    self._copy.blobs.delete(old)
                put.discard(old)

    def _tables(self, ended: bool) -> Iterator[_LocalTable]:
        for folder in sorted(self._folder.iterdir()):
            numbers: dict[str, list[int]] = {"checkpoint": [], "log": []}
            with suppress(FileNotFoundError, NotADirectoryError):
                for path in folder.iterdir():
                    kind, number = parse_name(path.name)
                    if kind is not None:
                        numbers[kind].append(number)
            if not numbers["checkpoint"]:
                continue
            newest = max(numbers["checkpoint"])
            segments = sorted(number for number in numbers["log"] if number >= newest)
            sealed = segments if ended else segments[:-1]
            names = (f"checkpoint-{newest:010}", *(f"log-{number:010}" for number in sealed))
            prefix = key(self._life, folder.name, _id(folder))
            yield _LocalTable(folder, prefix, names, len(segments))


def _id(folder: Path) -> str:
    path = folder / ID
    try:
        return path.read_text()
    except FileNotFoundError:
        made = uuid.uuid4().hex[:12]
        with suppress(FileNotFoundError):  # the table is gone again
            path.write_text(made)
        return made
