"""Moves the data folder of a mesh that was stopped into a shared database and blob store."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from mazemesh.cli.claim import claimed
from mazemesh.errors import Conflict, FailedPrecondition, NotFound
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.store import Blobs, every
from services._harness.blobs.within import Within
from supervisor.stores.experience import LooseFile, local_runs, local_tables, put_runs, put_tables
from supervisor.stores.filling import fill
from supervisor.stores.kept import (
    EMBEDDED,
    StoreSettings,
    parts,
    room,
    shared_blobs,
    unfinished_files,
)
from supervisor.stores.tables import Sum
from supervisor.stores.transfer import carry_blob, carry_hashed, hashes

Told = Callable[[str], None]

_NOTE: Final = "moving"
_WRITERS_SECONDS: Final = 1.0


def move(settings: StoreSettings, told: Told) -> dict[str, Sum]:
    """Copies everything; the folder stays. What each table holds.

    It may be repeated: what an earlier try has copied is left as it is.

    Raises:
        Conflict: the mesh runs, or there is something else in the database.
        NotFound: there is no mesh in the folder.
        FailedPrecondition: a policy's file is missing or damaged.
    """
    data_dir, database_url = settings.data_dir, settings.database_url
    assert database_url is not None
    if not any((data_dir / f"{part.name}.sqlite").exists() for part in parts()):
        raise NotFound(f"there is no mesh in {data_dir}; name it with --data-dir")
    with claimed(data_dir):
        source_id = _identity(data_dir)
        _check_stopped(data_dir)
        shared = shared_blobs(settings)
        blobs = None if shared is None else partial(_move_blobs, data_dir, shared, source_id, told)
        return fill(data_dir, database_url, source_id, told, blobs)


def _identity(data_dir: Path) -> str:
    """Tells this folder from others in the target."""
    note = data_dir / _NOTE
    if not note.exists():
        note.write_text(f"folder {uuid.uuid4().hex}")
    return note.read_text()


def _check_stopped(data_dir: Path) -> None:
    """Refuses when a service that was started alone writes to one of the databases just now."""
    for part in parts():
        path = data_dir / f"{part.name}.sqlite"
        if path.exists():
            _check_unused(part.name, path)


def _check_unused(name: str, path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=_WRITERS_SECONDS, isolation_level=None)) as one:
        try:
            # A service keeps a lock on the file for as long as it has it open.
            one.execute("PRAGMA locking_mode = EXCLUSIVE")
            one.execute("BEGIN EXCLUSIVE")
            one.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Conflict(f"{path} is in use: stop the {name} service first") from error


def _move_blobs(data_dir: Path, shared: Blobs, source_id: str, told: Told) -> None:
    for name in EMBEDDED:
        source = room(None, data_dir, name)
        carried = carry_hashed(source, room(shared, data_dir, name), hashes(source))
        if carried.missing:
            raise FailedPrecondition(
                f"{len(carried.missing)} {name} are damaged, e.g. {carried.missing[0]}; delete "
                "these files to do without them"
            )
        told(f"{carried.files} {name}, {carried.bytes} bytes of them new")
    archive = FolderBlobs(data_dir / "blobs" / "replay")
    files = [blob.key for blob in every(archive)]
    for key in files:
        carry_blob(archive, key, Within(shared, "archive/0/"), key)
    told(f"{len(files)} files of archived experience")
    with unfinished_files(data_dir) as unfinished:
        tables = _all(local_tables(data_dir, unfinished / "tables"))
        runs = _all(local_runs(data_dir, unfinished / "runs"))
        told(f"{put_tables(tables, shared, source_id)} tables of experience")
        told(f"{put_runs(runs, shared)} checkpoints of learners")


def _all(files: Iterator[LooseFile]) -> list[tuple[str, Path]]:
    return [(file.name, file.path) for file in files]
