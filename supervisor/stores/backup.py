"""Backs a mesh up while it runs.

First all tables as they are at one moment, then the files that these tables name. Nothing of them
can be deleted meanwhile: a hold lies in the rooms (`services._harness.blobs.collection`). What is
experience, and what learners go on from, comes last and is of its own moment.
"""

from __future__ import annotations

import importlib.metadata
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from mazemesh.errors import NotFound
from services._harness.blobs.collection import held
from services._harness.blobs.digest import digest_of
from services._harness.blobs.store import Blobs
from services._harness.blobs.within import Within
from supervisor.stores.experience import (
    LooseFile,
    local_runs,
    local_tables,
    shared_runs,
    shared_tables,
)
from supervisor.stores.kept import StoreSettings, room, shared_blobs, unfinished_files
from supervisor.stores.manifest import Manifest
from supervisor.stores.snapshots import snapshot
from supervisor.stores.transfer import Carried, carry_hashed

Told = Callable[[str], None]

# The others' files are in the tables themselves.
_POLICIES: Final = """
    SELECT DISTINCT sha256 FROM policy_versions WHERE state = :ready
    AND sha256 NOT IN (SELECT sha256 FROM policy_files)
"""

_NAMED: Final = {
    "policies": ("model", _POLICIES),
    "recordings": ("game", "SELECT DISTINCT file FROM game_replays"),
}
"""Which table names the files of a room."""


def back_up(settings: StoreSettings, backup: Blobs, *, experience: bool, told: Told) -> Manifest:
    """Adds a backup to a store, which may hold earlier ones; files that these have are shared.

    Raises:
        NotFound: there is no mesh.
        FailedPrecondition: the database is of another version.
    """
    backup_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    shared = shared_blobs(settings)
    rooms = {name: room(shared, settings.data_dir, name) for name in _NAMED}
    with (
        tempfile.TemporaryDirectory(prefix="mazemesh-backup-") as folder,
        held(rooms["policies"]),
        held(rooms["recordings"]),
    ):
        files = Path(folder)
        parts = snapshot(settings.data_dir, settings.database_url, files)
        if not parts:
            raise NotFound(f"there is no mesh in {settings.data_dir}; name it with --data-dir")
        told(f"tables of {', '.join(parts)}")
        named = {name: _named(files, name) for name in _NAMED}
        sql = (LooseFile(f"sql/{name}.sqlite", files / f"{name}.sqlite") for name in parts)
        loose = _put_loose(sql, backup, backup_id)
        carried = {
            name: _carry(rooms[name], backup, name, hashes, told) for name, hashes in named.items()
        }
    if experience:
        loose |= _put_experience(settings, shared, backup, backup_id, told)
    manifest = Manifest(
        backup_id,
        parts,
        loose,
        policies=sorted(named["policies"]),
        recordings=sorted(named["recordings"]),
        missing=[sha for each in carried.values() for sha in each.missing],
        version=importlib.metadata.version("mazemesh"),
    )
    manifest.put(backup)
    return manifest


def _named(files: Path, name: str) -> set[str]:
    from services.model.registry.policy import State

    part, query = _NAMED[name]
    if not (files / f"{part}.sqlite").exists():
        return set()
    with closing(sqlite3.connect(files / f"{part}.sqlite")) as database:
        values = {"ready": int(State.READY)} if ":ready" in query else {}
        return {row[0] for row in database.execute(query, values)}


def _carry(source: Blobs, backup: Blobs, name: str, hashes: set[str], told: Told) -> Carried:
    carried = carry_hashed(source, Within(backup, f"{name}/"), hashes)
    told(f"{carried.files} {name}, {carried.bytes} bytes of them new")
    return carried


def _put_experience(
    settings: StoreSettings, shared: Blobs | None, backup: Blobs, backup_id: str, told: Told
) -> dict[str, str]:
    with unfinished_files(settings.data_dir) as folder:
        tables, runs = folder / "tables", folder / "runs"
        if shared is None:
            found = chain(
                local_tables(settings.data_dir, tables), local_runs(settings.data_dir, runs)
            )
        else:
            found = chain(shared_tables(shared, tables), shared_runs(shared, runs))
        put = _put_loose(found, backup, backup_id)
    told(f"{len(put)} files of experience and of learners")
    return put


def _put_loose(files: Iterator[LooseFile], backup: Blobs, backup_id: str) -> dict[str, str]:
    put = {}
    for file in files:
        put[file.name] = digest_of(file.path)
        backup.put(f"backups/{backup_id}/{file.name}", file.path, put[file.name], take=True)
        file.path.unlink(missing_ok=True)
    return put
