"""Brings a backup back: into a data folder, or into a shared database and blob store."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mazemesh.cli.claim import claimed
from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument
from mazemesh.process.disk import sync_path
from services._harness.blobs.digest import digest_of
from services._harness.blobs.store import Blobs
from services._harness.blobs.within import Within
from supervisor.stores.experience import put_runs, put_tables
from supervisor.stores.filling import fill
from supervisor.stores.kept import StoreSettings, room, shared_blobs
from supervisor.stores.manifest import Manifest
from supervisor.stores.transfer import carry_hashed, fetch

Told = Callable[[str], None]

_NOTE: Final = "restoring"
_OURS: Final = frozenset({_NOTE, "mesh.lock"})
_ROOMS: Final = ("policies", "recordings")


def restore(backup: Blobs, manifest: Manifest, settings: StoreSettings, told: Told) -> None:
    """Brings all back; a try that was cut off goes on when it is repeated.

    Raises:
        Conflict: there is something else in the target.
        FailedPrecondition: the backup is damaged, or has several shards and the target one folder.
    """
    shared = shared_blobs(settings)
    if (settings.database_url is None) != (shared is None):
        raise InvalidArgument("give both --database and --blobs, or neither and a data folder")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as folder:
        if settings.database_url is None:
            with claimed(settings.data_dir):
                _into_folder(backup, manifest, settings.data_dir, Path(folder), told)
        else:
            assert shared is not None
            _into_stores(backup, manifest, settings, shared, Path(folder), told)


def _into_folder(
    backup: Blobs, manifest: Manifest, data_dir: Path, unfinished: Path, told: Told
) -> None:
    shards = {name.split("/")[1] for name in manifest.files if name.startswith("experience/")}
    if len(shards) > 1:
        raise FailedPrecondition(
            f"the backup has experience of {len(shards)} shards, which do not fit into one folder; "
            "restore it into --database and --blobs"
        )
    note = data_dir / _NOTE
    if not (note.exists() and note.read_text() == manifest.id):
        others = [p.name for p in data_dir.iterdir() if p.name not in _OURS and p != unfinished]
        if others or note.exists():
            raise Conflict(f"{data_dir} is not empty; give another --data-dir")
        note.write_text(manifest.id)
        sync_path(data_dir)
    for name in _ROOMS:
        _carry(backup, manifest, room(None, data_dir, name), name, told)
    for name in sorted(manifest.files):
        target = data_dir / _place(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(backup, manifest, name, unfinished).replace(target)
    told(f"{len(manifest.files)} files of tables, experience and learners")
    note.unlink()


def _into_stores(
    backup: Blobs,
    manifest: Manifest,
    settings: StoreSettings,
    shared: Blobs,
    unfinished: Path,
    told: Told,
) -> None:
    assert settings.database_url is not None
    for name in _ROOMS:
        _carry(backup, manifest, room(shared, settings.data_dir, name), name, told)
    source_id = f"backup {manifest.id}"
    for name in _of(manifest, "sql/"):
        path = _fetch(backup, manifest, name, unfinished)
        path.rename(unfinished / name.removeprefix("sql/"))

    def carry_experience() -> None:
        tables, runs = (
            ((name, _fetch(backup, manifest, name, unfinished)) for name in _of(manifest, kind))
            for kind in ("experience/", "learner/")
        )
        told(f"{put_tables(tables, shared, source_id)} tables of experience")
        told(f"{put_runs(list(runs), shared)} checkpoints of learners")

    fill(unfinished, settings.database_url, source_id, told, carry_experience)


def _of(manifest: Manifest, kind: str) -> list[str]:
    return [name for name in manifest.files if name.startswith(kind)]


def _place(name: str) -> Path:
    """Where a file of the backup belongs in a data folder."""
    kind, _, rest = name.partition("/")
    if kind == "sql":
        return Path(rest)
    if kind == "experience":
        return Path("replay") / rest.partition("/")[2]
    from urllib.parse import unquote

    policy, _, file = rest.partition("/")
    return Path("learner") / unquote(policy) / file


def _carry(backup: Blobs, manifest: Manifest, target: Blobs, name: str, told: Told) -> None:
    wanted = set(getattr(manifest, name)) - set(manifest.missing)
    carried = carry_hashed(Within(backup, f"{name}/"), target, wanted)
    if carried.missing:
        raise FailedPrecondition(
            f"the backup is damaged: it lacks {len(carried.missing)} of {len(wanted)} {name}, "
            f"e.g. {carried.missing[0]}"
        )
    told(f"{carried.files} {name}")


def _fetch(backup: Blobs, manifest: Manifest, name: str, unfinished: Path) -> Path:
    path = unfinished / name.replace("/", "~")
    fetch(backup, f"backups/{manifest.id}/{name}", path)
    if digest_of(path) != manifest.files[name]:
        raise FailedPrecondition(f"the backup is damaged: {name} is not what it was")
    sync_path(path)
    return path
