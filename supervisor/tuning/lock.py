"""One search a study."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mazemesh.errors import Conflict


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds a study's folder for this process; the lock goes with the process.

    Raises:
        Conflict: another process searches in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"study {folder.name!r} is being searched by another process; wait for it, "
                "or choose another --study"
            ) from None
        yield
