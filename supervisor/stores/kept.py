"""Where a mesh keeps what it keeps: databases and blobs, embedded or shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from mazemesh.process.blob_settings import BlobSettings
from services._harness.blobs.opening import open_url
from services._harness.blobs.store import Blobs
from services._harness.blobs.within import Within
from services._harness.own_folder import OwnFolder

_WITH_TABLES: Final = (
    *("services.gateway", "services.matchmaker", "services.game", "services.elo"),
    "services.model",
    "services._harness.access",
)
"""In the order in which snapshots of several files have to be taken, were they not at one time: a
result is Game's until Elo has it, and what others name Model has."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the mesh that has tables.

    Attributes:
        name: of its SQLite file and its version table.
        package: whose `migrations` make the tables.
    """

    name: str
    package: str


def parts() -> tuple[Part, ...]:
    """All that have tables in this installation."""
    return tuple(
        Part(package.rpartition(".")[2], package) for package in _WITH_TABLES if _has(package)
    )


def _has(package: str) -> bool:
    spec = find_spec(package)
    places = (spec.submodule_search_locations or ()) if spec is not None else ()
    return any((Path(place) / "migrations" / "versions").is_dir() for place in places)


class StoreSettings(BlobSettings):
    """Where a mesh's stores are: flags, else MAZEMESH_DATABASE_URL, MAZEMESH_BLOBS_URL, ..."""

    component: ClassVar[str] = "stores"

    database_url: str | None = Field(default=None, description="not set: files in the data folder")


def shared_blobs(settings: StoreSettings) -> Blobs | None:
    """The shared store; None when files are kept in the data folder."""
    return open_url(settings.blobs_url, settings) if settings.blobs_url else None


def room(shared: Blobs | None, data_dir: Path, name: str) -> Blobs:
    """The policies' or the recordings' blobs."""
    if shared is not None:
        return Within(shared, f"{name}/")
    from services._harness.blobs.folder import FolderBlobs

    return FolderBlobs(data_dir / EMBEDDED[name])


@contextmanager
def unfinished_files(data_dir: Path) -> Iterator[Path]:
    """A folder on the data folder's disk, for a while; a later one deletes what a kill leaves."""
    own = OwnFolder(data_dir / "unfinished")
    try:
        yield own.path
    finally:
        own.close()


EMBEDDED: Final = {"policies": "blobs", "recordings": "game-replays"}
"""Folders of rooms of files named by their hashes, in the data folder."""
