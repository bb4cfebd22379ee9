"""Blobs by the SHA-256 of their content.

`<first two digits>/<all digits>`, so that no folder gets too large to list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mazemesh.errors import FailedPrecondition, NotFound
from services._harness.blobs.digest import digest_of
from services._harness.blobs.store import BlobReader, Blobs, every, read_all

_KEY: Final = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})")


def key_of(sha256: str) -> str:
    """The key of a content."""
    return f"{sha256[:2]}/{sha256}"


def sha256_of(key: str) -> str | None:
    """What the content under a key hashes to; None for another kind of key."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


class HashedBlobs:
    """Files by their hashes, in `blobs`; others that are there are not seen. Calls block."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, content: bytes | Path, sha256: str | None = None) -> str:
        """Stores a content, unless it is there; its hash. A file is taken over, or copied.

        Raises:
            InvalidArgument: it does not hash to `sha256`.
        """
        digest = sha256 or digest_of(content)
        self._blobs.put(key_of(digest), content, digest, take=isinstance(content, Path))
        return digest

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        """The content from a byte on.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._blobs.open(key_of(sha256), offset)
        except NotFound as error:
            raise NotFound(f"there is no file with sha256 {sha256}") from error

    def get(self, sha256: str) -> bytes:
        """The whole content.

        Raises:
            NotFound: there is none.
            FailedPrecondition: it is not what it was.
        """
        try:
            content = read_all(self._blobs, key_of(sha256))
        except NotFound as error:
            raise NotFound(f"there is no file with sha256 {sha256}") from error
        if digest_of(content) != sha256:
            raise FailedPrecondition(
                f"the file {sha256} is damaged: its content does not hash to its name"
            )
        return content

    def delete(self, sha256: str) -> None:
        """Deletes a content, however young; for what nobody else can know of."""
        self._blobs.delete(key_of(sha256))

    def list(self) -> Iterator[str]:
        """Hashes of all contents, in order."""
        return (found for blob in every(self._blobs) if (found := sha256_of(blob.key)))
