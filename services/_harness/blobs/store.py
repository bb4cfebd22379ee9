"""What a blob store does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from mazemesh.errors import InvalidArgument

PAGE: Final = 1000
"""Blobs of a page at most; S3 lists no more at once."""

LONGEST_KEY: Final = 900
"""Bytes of a key; S3 takes 1024, with the prefix of the store."""

_KEY: Final = re.compile(
    r"(?:[A-Za-z0-9_%+=-][A-Za-z0-9._%+=-]*/)*[A-Za-z0-9_%+=-][A-Za-z0-9._%+=-]*"
)


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob of a store.

    Attributes:
        key: its name.
        size: in bytes.
        put_time: when it was put last, in seconds since the epoch by the store's clock.
    """

    key: str
    size: int
    put_time: float


class BlobReader(Protocol):
    """An open blob."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end; empty at the end.

        Raises:
            Unavailable: the store is away.
        """

    def close(self) -> None:
        """Releases it."""


class Blobs(Protocol):
    """Blobs by keys, which look like relative paths. Calls block: make them from a worker thread.

    A blob never changes. It is seen whole or not at all, and survives a power cut when `put`
    returns. Whoever puts a blob may write down its key afterwards: `put` makes a blob young also
    where it was there before, and nobody deletes young ones (see `collection`).

    All calls raise Unavailable when the store is away or overloaded for longer than its retries
    last, FailedPrecondition when it refuses access, InvalidArgument for a key that is none, and
    OSError when a disk is full.
    """

    def put(
        self, key: str, content: bytes | Path, sha256: str | None = None, *, take: bool = False
    ) -> bool:
        """Stores a blob if there is none of that key; whether it did.

        Args:
            key: parts of letters, digits and `._%+=-`, none with a dot in front, between slashes;
                no key is a folder of another's.
            content: the bytes, or a file that has them.
            sha256: hex digest that they must have. Where the last part of the key is this digest
                and what is there does not have it, the damaged blob is replaced.
            take: the file is given away: it may be moved, and is gone or left afterwards.

        Raises:
            InvalidArgument: the content has another digest.
            Conflict: there is a blob of that key with another content.
        """

    def open(self, key: str, offset: int = 0) -> BlobReader:
        """The blob from a byte on; at its size or beyond it there is nothing to read.

        Raises:
            NotFound: there is no such blob.
        """

    def find(self, key: str) -> Blob | None:
        """The blob of a key; None when there is none."""

    def list(self, prefix: str = "", after: str = "", limit: int = PAGE) -> list[Blob]:
        """The first `limit` (at most PAGE) blobs with a prefix and a key above `after`, by key."""

    def delete(self, key: str, put_before: float | None = None) -> bool:
        """Deletes a blob, if there is one, and it was put before that time; whether it is gone."""

    def url(self, key: str, seconds: int) -> str | None:
        """An address from which anybody can get the blob for a while; None where there is none."""


def every(blobs: Blobs, prefix: str = "") -> Iterator[Blob]:
    """All blobs with a prefix, page by page; those that come or go meanwhile may be missed."""
    after = ""
    while page := blobs.list(prefix, after):
        yield from page
        after = page[-1].key


def read_all(blobs: Blobs, key: str) -> bytes:
    """The content of a blob.

    Raises:
        NotFound: there is no such blob.
    """
    reader = blobs.open(key)
    try:
        return b"".join(iter(lambda: reader.read(1 << 20), b""))
    finally:
        reader.close()


def check_key(key: str) -> str:
    """The key, if it is one.

    Raises:
        InvalidArgument: it is none.
    """
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise InvalidArgument(
            f"{key[:LONGEST_KEY]!r} is no key of a blob: parts of letters, digits and ._%+=- "
            f"between slashes, none with a dot in front, at most {LONGEST_KEY} bytes"
        )
    return key
