"""Where the rows of a pair are looked for: hashing, the same in Python and in compiled code."""

from __future__ import annotations

HASH_FIRST = 0x9E3779B97F4A7C15
HASH_SECOND = 0xC2B2AE3D27D4EB4F
_WORD = 2**64 - 1
HASH_SHIFT = 33


def home(first: int, second: int, mask: int) -> int:
    """The slot at which the chain of a pair begins, by multiplicative hashing."""
    return ((first * HASH_FIRST + second * HASH_SECOND & _WORD) >> HASH_SHIFT) & mask
