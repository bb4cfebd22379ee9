"""Philox4x32-10 against the vectors published with Random123 (kat_vectors)."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.games.mazes.kernels.philox import Words
from mazemesh.games.mazes.kernels.philox import philox as compiled_philox
from mazemesh.games.random import Block, bounded, philox

WORD = st.integers(0, 2**32 - 1)
ONES = 0xFFFFFFFF
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@numba.njit
def _call(seed: np.uint64, a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> Words:
    """What only kernels call, called from Python."""
    return compiled_philox(seed, a, b, c, d)


def _compiled(seed: int, counter: Block) -> Block:
    words = _call(np.uint64(seed), *(np.uint64(word) for word in counter))
    return tuple(int(word) for word in words)


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_published_vectors(counter: Block, key: tuple[int, int], expected: Block) -> None:
    seed = key[0] | key[1] << 32
    assert philox(seed, counter) == expected
    assert _compiled(seed, counter) == expected


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.tuples(WORD, WORD, WORD, WORD))
def test_compiled_equals_plain(seed: int, counter: Block) -> None:
    assert _compiled(seed, counter) == philox(seed, counter)


@given(WORD, st.integers(1, 2**16))
def test_bounded_stays_in_range(word: int, bound: int) -> None:
    assert 0 <= bounded(word, bound) < bound
    assert bounded(ONES, bound) == bound - 1
