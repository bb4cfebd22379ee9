"""Writes frames into numbered segments; the blocking half of a log."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from services.replay.journal.files import AppendFile, Files
from services.replay.journal.frames import Buffer, make_frame

_GROUP_BYTES = 8 * 2**20
_GROUP_RECORDS = 300


class Roll:
    """Stands in line among the records: what follows goes into a new segment."""

    def __init__(self) -> None:
        self.number = 0
        """Of the new segment, once it is there."""


Item: TypeAlias = Sequence[Buffer] | Roll


class SyncError(Exception):
    """The system did not make data safe that it had taken. What is on disk is now unknown."""


def segment_name(number: int) -> str:
    """File name of a segment; names sort as numbers do."""
    return f"log-{number:010}"


class SegmentWriter:
    """The open segment of a log. `write` is for one thread at a time; `sync` for another."""

    def __init__(self, files: Files, folder: Path, number: int, segment_bytes: int) -> None:
        self._files = files
        self._folder = folder
        self._segment_bytes: Final = segment_bytes
        self._number = number
        self._safe_bytes = 0
        # Held while the file is synced or changed for another one.
        self._lock = threading.Lock()
        self._file = self._create(number)

    def write(self, items: deque[Item]) -> None:
        """Writes items and takes them off `items`, from the left.

        Raises:
            OSError: the first of what is left in `items` could not be written.
            SyncError: a full segment could not be made safe.
        """
        while items:
            first = items[0]
            if isinstance(first, Roll):
                self._roll()
                first.number = self._number
                items.popleft()
                continue
            if self._file.size >= self._segment_bytes:
                self._roll()
            count, buffers = self._next_group(items)
            self._file.write(buffers)
            for _ in range(count):
                items.popleft()

    def sync(self) -> None:
        """Makes everything safe that was written before the call.

        Raises:
            SyncError: it may not be.
        """
        with self._lock:
            self._sync()

    def close(self) -> None:
        """Makes everything safe and closes the file, which it does in any case."""
        with self._lock:
            try:
                self._sync()
            finally:
                self._file.close()

    def _next_group(self, items: deque[Item]) -> tuple[int, list[Buffer]]:
        count, size, buffers = 0, 0, list[Buffer]()
        for item in items:
            if isinstance(item, Roll) or size >= _GROUP_BYTES or count >= _GROUP_RECORDS:
                break
            frame = make_frame(item, self._safe_bytes)
            buffers += frame
            size += sum(map(len, frame))
            count += 1
        return count, buffers

    def _roll(self) -> None:
        following = self._create(self._number + 1)
        with self._lock:
            self._sync()
            self._file.close()
            self._file, self._safe_bytes = following, 0
            self._number += 1

    def _create(self, number: int) -> AppendFile:
        file = self._files.create(self._folder / segment_name(number))
        self._files.sync_folder(self._folder)
        return file

    def _sync(self) -> None:
        size = self._file.size
        if size == self._safe_bytes:
            return
        try:
            self._file.sync()
        except OSError as error:
            raise SyncError(f"{self._folder}: {error}") from error
        self._safe_bytes = size
