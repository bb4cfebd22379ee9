"""What files of versions rest on: they are named by their content, and never change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol


class BlobReader(Protocol):
    """An open file; it stays readable when the blob is deleted meanwhile."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end; empty at the end."""

    def close(self) -> None:
        """Releases the file."""


class BlobStore(Protocol):
    """Files by the SHA-256 of their content. Calls block: make them from a worker thread."""

    def put(self, content: Path | bytes, sha256: str) -> object:
        """Takes over the file at `content`, or copies it; bytes are written.

        Durable when it returns; a reader sees the whole file or none. Putting what exists is no
        error, and makes it young: see `UnusedFiles`.
        """

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        """The file from a byte on.

        Raises:
            NotFound: there is no such blob.
        """


class UnusedFiles(Protocol):
    """Deletes files that no version has. Calls block.

    Young ones stay: another instance may be about to write down a version that has one.
    """

    def discard(self, sha256s: Iterable[str]) -> object:
        """Deletes those that are old; the others are left to a later `sweep`."""

    def candidates(self) -> Collection[str]:
        """Hashes of all old files; which of them are used is to be read after this."""

    def sweep(self, candidates: Collection[str], used: Collection[str]) -> object:
        """Deletes the candidates that are not used."""
