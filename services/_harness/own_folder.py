"""A folder of one process alone, beside those of others that use the same data folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path


class OwnFolder:
    """A new folder under `parent`, locked as long as the process lives or until `close`.

    Folders of processes that are gone, and their files, are deleted. So are files in `parent`
    itself: versions before 0.2 kept theirs there.

    Attributes:
        path: of the folder.
    """

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        for each in list(parent.iterdir()):
            _delete_abandoned(each)
        self.path, self._descriptor = _make(parent)

    def close(self) -> None:
        """Deletes the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _make(parent: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(dir=parent))
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():
            return path, descriptor
        # Another that started saw it before it was locked.
        os.close(descriptor)


def _delete_abandoned(path: Path) -> None:
    with suppress(FileNotFoundError):
        if not path.is_dir():
            path.unlink()
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        except BlockingIOError:
            return
        finally:
            os.close(descriptor)
