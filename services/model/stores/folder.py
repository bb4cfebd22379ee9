"""Blobs as files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mazemesh.errors import NotFound
from services._harness.hashed_folder import HashedFolder
from services.model.store import BlobReader


class FolderBlobs:
    """A `BlobStore` in `folder`. Files must be put from the same file system."""

    def __init__(self, folder: Path) -> None:
        self._files = HashedFolder(folder)
        self._files.make()

    def put(self, path: Path, sha256: str) -> None:
        """See `BlobStore`; a damaged file is replaced by the one that is put again."""
        self._files.take(path, sha256)

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        """See `BlobStore`."""
        try:
            file = self._files.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no file with sha256 {sha256}") from error
        file.seek(offset)
        return file

    def delete(self, sha256: str) -> None:
        """See `BlobStore`."""
        self._files.delete(sha256)

    def list(self) -> Iterator[str]:
        """See `BlobStore`."""
        return self._files.names()
