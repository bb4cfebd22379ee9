"""Files in pieces, each of which fits into a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

CHUNK_BYTES: Final = 1024 * 1024


def cut(content: bytes, offset: int) -> Iterator[bytes]:
    """What is there from a byte on, piece by piece."""
    for begin in range(offset, len(content), CHUNK_BYTES):
        yield content[begin : begin + CHUNK_BYTES]
