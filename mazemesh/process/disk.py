"""Files that survive a power cut, and what a full disk looks like to those who write them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Final

fcntl: Any
try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None

# A full disk, a user's share of it, and the largest file that the process may write.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# What file systems answer that do not know F_FULLFSYNC, such as network and FAT volumes.
_UNKNOWN_TO_DISK: Final = frozenset({errno.ENOTSUP, errno.EINVAL, errno.ENOTTY, errno.ENODEV})


def is_full(error: OSError) -> bool:
    """Whether there was no room for what was written; everything else is another matter."""
    return error.errno in _NO_ROOM


def sync_file(descriptor: int) -> None:
    """Returns when what was written to an open file survives a power cut.

    macOS has no fdatasync, and its fsync leaves the data in the drive's cache: F_FULLFSYNC is what
    empties that (fsync(2) there). Elsewhere fdatasync does, and writes no times.

    Raises:
        OSError: it may not survive.
    """
    if not _sync_drive(descriptor):
        sync: Any = getattr(os, "fdatasync", os.fsync)
        sync(descriptor)


def sync_path(path: Path) -> None:
    """As `sync_file`, of a file that is not open; of a folder, the names in it.

    Raises:
        OSError: it may not survive, or there is no such path.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if not _sync_drive(descriptor):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_drive(descriptor: int) -> bool:
    """Whether there is F_FULLFSYNC, and it was done."""
    full_sync = getattr(fcntl, "F_FULLFSYNC", None)
    if full_sync is None:
        return False
    try:
        fcntl.fcntl(descriptor, full_sync)
    except OSError as error:
        if error.errno not in _UNKNOWN_TO_DISK:
            raise
        return False
    return True
