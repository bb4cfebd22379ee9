"""A part of a blob store, which is one itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services._harness.blobs.store import PAGE, Blob, BlobReader, Blobs


class Within:
    """The blobs whose keys begin with `prefix`, without it."""

    def __init__(self, blobs: Blobs, prefix: str) -> None:
        self._blobs = blobs
        self._prefix = prefix

    def put(
        self, key: str, content: bytes | Path, sha256: str | None = None, *, take: bool = False
    ) -> bool:
        """See `Blobs`."""
        return self._blobs.put(self._prefix + key, content, sha256, take=take)

    def open(self, key: str, offset: int = 0) -> BlobReader:
        """See `Blobs`."""
        return self._blobs.open(self._prefix + key, offset)

    def find(self, key: str) -> Blob | None:
        """See `Blobs`."""
        found = self._blobs.find(self._prefix + key)
        return None if found is None else self._without(found)

    def list(self, prefix: str = "", after: str = "", limit: int = PAGE) -> list[Blob]:
        """See `Blobs`."""
        beyond = self._prefix + after if after else ""
        return [self._without(b) for b in self._blobs.list(self._prefix + prefix, beyond, limit)]

    def delete(self, key: str, put_before: float | None = None) -> bool:
        """See `Blobs`."""
        return self._blobs.delete(self._prefix + key, put_before)

    def url(self, key: str, seconds: int) -> str | None:
        """See `Blobs`."""
        return self._blobs.url(self._prefix + key, seconds)

    def _without(self, blob: Blob) -> Blob:
        return replace(blob, key=blob.key.removeprefix(self._prefix))
