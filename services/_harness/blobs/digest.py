"""What a content hashes to, and whether that is what it should."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mazemesh.errors import InvalidArgument


def digest_of(content: bytes | Path) -> str:
    """SHA-256 of bytes or of a file, as hex digits."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(content).hexdigest()


def checked_digest(key: str, content: bytes | Path, wanted: str | None) -> str:
    """The digest of a content.

    Raises:
        InvalidArgument: it is not the one that is wanted.
    """
    found = digest_of(content)
    if wanted is not None and found != wanted:
        raise InvalidArgument(f"{key}: sha256 is {wanted}, but the content hashes to {found}")
    return found


def is_named_by(key: str, digest: str) -> bool:
    """Whether the key says what the content must hash to."""
    return key.rpartition("/")[2] == digest
