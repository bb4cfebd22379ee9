"""Carries blobs from one store to another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mazemesh.errors import InvalidArgument, NotFound
from services._harness.blobs.digest import digest_of
from services._harness.blobs.hashed import key_of, sha256_of
from services._harness.blobs.store import Blobs, every

_AT_ONCE: Final = 8
_PIECE: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of many files.

    Attributes:
        files: that the target has now.
        bytes: of those that were not there before.
        missing: hashes of those that the source does not have, or has damaged.
    """

    files: int
    bytes: int
    missing: tuple[str, ...]


def carry_hashed(source: Blobs, target: Blobs, sha256s: Iterable[str]) -> Carried:
    """Carries files that are named by their hashes; those that the target has are left."""

    def carry(sha256: str) -> int | None:
        key = key_of(sha256)
        if target.find(key) is not None:
            return 0
        try:
            return carry_blob(source, key, target, key, sha256)[0]
        except (NotFound, InvalidArgument):
            return None

    wanted = sorted(sha256s)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="carry") as threads:
        sizes = list(threads.map(carry, wanted))
    missing = tuple(sha for sha, size in zip(wanted, sizes, strict=True) if size is None)
    return Carried(len(wanted) - len(missing), sum(size or 0 for size in sizes), missing)


def carry_blob(
    source: Blobs, key: str, target: Blobs, to: str, sha256: str | None = None
) -> tuple[int, str]:
    """Carries one blob, by way of a file; its size and hash.

    Raises:
        NotFound: the source has none.
        InvalidArgument: its hash is another one.
        Conflict: the target has another one of that key.
    """
    with tempfile.TemporaryDirectory(prefix="mazemesh-") as folder:
        file = Path(folder) / "blob"
        fetch(source, key, file)
        size, digest = file.stat().st_size, digest_of(file)
        if sha256 is not None and digest != sha256:
            raise InvalidArgument(f"{key}: sha256 should be {sha256}, but is {digest}")
        target.put(to, file, digest, take=True)
    return size, digest


def fetch(source: Blobs, key: str, file: Path) -> None:
    """Writes a blob to a file."""
    reader = source.open(key)
    try:
        with file.open("wb") as out:
            while piece := reader.read(_PIECE):
                out.write(piece)
    finally:
        reader.close()


def hashes(blobs: Blobs) -> Sequence[str]:
    """Of all files in a store that are named by them."""
    return [found for blob in every(blobs) if (found := sha256_of(blob.key))]
