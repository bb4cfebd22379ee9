"""One mesh a data folder: the lock, and the note that tells other commands where the mesh is."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.errors import Conflict

_LOCK = "mesh.lock"
_NOTE = "mesh.json"


@contextmanager
def claimed(data_dir: Path) -> Iterator[None]:
    """Holds the data folder for this process; the lock goes with the process, however it ends.

    Raises:
        Conflict: another mesh runs on the folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note = read_note(data_dir) or {}
            raise Conflict(
                f"{data_dir} is in use by a running mesh (process {note.get('pid', 'unknown')}); "
                "stop that one, or choose another --data-dir"
            ) from None
        try:
            yield
        finally:
            (data_dir / _NOTE).unlink(missing_ok=True)


def write_note(data_dir: Path, content: Mapping[str, Any]) -> None:
    """Leaves the note for other commands."""
    temporary = data_dir / f"{_NOTE}.tmp"
    temporary.write_text(json.dumps({"pid": os.getpid(), **content}, indent=2) + "\n")
    temporary.replace(data_dir / _NOTE)


def read_note(data_dir: Path) -> dict[str, Any] | None:
    """The note of the mesh on this folder; None when there is none or its process is gone."""
    try:
        note: dict[str, Any] = json.loads((data_dir / _NOTE).read_text())
        os.kill(int(note["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return note
