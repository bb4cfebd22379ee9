"""The few things that the journal does with a file system."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from mazemesh.process.disk import sync_file, sync_path
from mazemesh.process.errors import StartError
from services.replay.journal.frames import Buffer

# Linux takes at most so many buffers at once (IOV_MAX).
_MOST_BUFFERS = 1024


class AppendFile(Protocol):
    """A new file that only grows."""

    @property
    def size(self) -> int:
        """Bytes written."""

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Appends all buffers, or none and raises OSError."""

    def sync(self) -> None:
        """Returns when all that was written survives a power cut."""

    def close(self) -> None:
        """Closes the file; what was not synced may be lost in a power cut."""


class Files(Protocol):
    """A file system. Names in a folder survive a power cut once `sync_folder` returned."""

    def names(self, folder: Path) -> list[str]:
        """Sorted; none when there is no such folder."""

    def make_folder(self, folder: Path) -> None:
        """Makes it and those above, where they are missing."""

    def create(self, path: Path) -> AppendFile:
        """A new, empty file; one that was there is replaced."""

    def open(self, path: Path) -> BinaryIO:
        """Opens a file to be read."""

    def truncate(self, path: Path, size: int) -> None:
        """Cuts a file off and syncs it."""

    def sync(self, path: Path) -> None:
        """Makes what a closed file holds survive a power cut."""

    def rename(self, source: Path, target: Path) -> None:
        """Renames within a folder, at once and over whatever was there."""

    def remove(self, path: Path) -> None:
        """Deletes a file."""

    def sync_folder(self, folder: Path) -> None:
        """Returns when the names in the folder survive a power cut."""


class LocalFile:
    """A file of the operating system."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Appends all buffers, or none and raises OSError."""
        try:
            written = sum(
                self._write_some(buffers[start : start + _MOST_BUFFERS])
                for start in range(0, len(buffers), _MOST_BUFFERS)
            )
        except OSError:
            self._take_back()
            raise
        self._size += written

    def sync(self) -> None:
        """Returns when all that was written survives a power cut."""
        sync_file(self._descriptor)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _take_back(self) -> None:
        """Cuts off a part of a write: that works on a full disk, too."""
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            raise RuntimeError(f"the file ends with a part of a write: {error}") from error

    def _write_some(self, buffers: Sequence[Buffer]) -> int:
        left = [memoryview(buffer) for buffer in buffers]
        total = sum(map(len, left))
        missing = total
        while missing:
            written = os.writev(self._descriptor, left)
            missing -= written
            while written and written >= len(left[0]):
                written -= len(left.pop(0))
            if written:
                left[0] = left[0][written:]
        return total


class LocalFiles:
    """The file system of the operating system."""

    def names(self, folder: Path) -> list[str]:
        """Sorted; none when there is no such folder."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208
        except FileNotFoundError:
            return []

    def make_folder(self, folder: Path) -> None:
        """Makes it and those above, where they are missing."""
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, path: Path) -> AppendFile:
        """A new, empty file; one that was there is replaced."""
        return LocalFile(path)

    def open(self, path: Path) -> BinaryIO:
        """Opens a file to be read."""
        return path.open("rb")

    def truncate(self, path: Path, size: int) -> None:
        """Cuts a file off and syncs it."""
        os.truncate(path, size)
        self.sync(path)

    def sync(self, path: Path) -> None:
        """Makes what a closed file holds survive a power cut."""
        sync_path(path)

    def rename(self, source: Path, target: Path) -> None:
        """Renames within a folder, at once and over whatever was there."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Deletes a file."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Returns when the names in the folder survive a power cut."""
        sync_path(folder)


def lock_folder(folder: Path) -> int:
    """Keeps other services off the folder as long as the returned descriptor is open.

    Raises:
        StartError: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StartError(
            f"{folder} is used by another Replay service; stop that one, or choose another folder "
            "with --data-dir"
        ) from error
    return descriptor


def unlock_folder(descriptor: int) -> None:
    """Lets others use the folder."""
    with contextlib.suppress(OSError):
        os.close(descriptor)
