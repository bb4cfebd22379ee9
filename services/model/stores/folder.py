"""Blobs as files of a folder: `<first two digits of the hash>/<hash>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mazemesh.errors import NotFound
from mazemesh.process.disk import sync_path
from services.model.store import BlobReader

_SHA256 = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """A `BlobStore` in `folder`. Files must be put from the same file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _make_folder(folder)

    def put(self, path: Path, sha256: str) -> None:
        """Flushes the file, moves it in and flushes the folder, so that it survives a power cut."""
        target = self._path(sha256)
        _make_folder(target.parent)
        sync_path(path)
        path.replace(target)
        sync_path(target.parent)

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        """The file from a byte on.

        Raises:
            NotFound: there is no such blob.
        """
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no file with sha256 {sha256}") from error
        file.seek(offset)
        return file

    def delete(self, sha256: str) -> None:
        """Deletes a blob."""
        self._path(sha256).unlink(missing_ok=True)

    def list(self) -> Iterator[str]:
        """Hashes of all blobs."""
        for path in self._folder.glob("??/*"):
            if _SHA256.fullmatch(path.name):
                yield path.name

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_path(folder.parent)
