"""Philox4x32-10, compiled; see `mazemesh.games.random`.

The numbers of one maze come one after the other from an array of nine words, so that the
generators just ask for the next: four drawn words, how many of them are used, the next block's
number, and (seed, game, episode).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.games import random
from mazemesh.games.mazes.kernels.compiling import part

RNG_WORDS = 9
_USED, _BLOCK, _SEED, _GAME, _EPISODE = 4, 5, 6, 7, 8

_MULTIPLIER_0 = np.uint64(random.MULTIPLIER_0)
_MULTIPLIER_1 = np.uint64(random.MULTIPLIER_1)
_WEYL_0 = np.uint64(random.WEYL_0)
_WEYL_1 = np.uint64(random.WEYL_1)
_ROUNDS = random.ROUNDS
_MASK = np.uint64(random.MASK)
_HALF = np.uint64(32)
_MAZE = np.uint64(random.MAZE)
_ONE = np.uint64(1)

Rng = npt.NDArray[np.uint64]
Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@part
def philox(
    seed: np.uint64, game: np.uint64, episode: np.uint64, step: np.uint64, stream: np.uint64
) -> Words:
    """Return the four words at counter (game, episode, step, stream), each below 2**32."""
    key_0, key_1 = seed & _MASK, seed >> _HALF
    word_0, word_1, word_2, word_3 = game, episode, step, stream
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * word_0
        product_1 = _MULTIPLIER_1 * word_2
        word_0 = (product_1 >> _HALF) ^ word_1 ^ key_0
        word_1 = product_1 & _MASK
        word_2 = (product_0 >> _HALF) ^ word_3 ^ key_1
        word_3 = product_0 & _MASK
        key_0 = (key_0 + _WEYL_0) & _MASK
        key_1 = (key_1 + _WEYL_1) & _MASK
    return word_0, word_1, word_2, word_3


@part
def bounded(word: np.uint64, bound: int) -> int:
    """Return a word scaled to [0, bound)."""
    return int(np.int64((word * np.uint64(bound)) >> _HALF))


@part
def start_rng(rng: Rng, seed: np.uint64, game: np.uint64, episode: np.uint64) -> None:
    """Begin the sequence of one maze."""
    rng[_USED] = 4
    rng[_BLOCK] = 0
    rng[_SEED] = seed
    rng[_GAME] = game
    rng[_EPISODE] = episode


@part
def below(rng: Rng, bound: int) -> int:
    """Return the next number of the sequence, in [0, bound)."""
    used = int(np.int64(rng[_USED]))
    if used == 4:
        rng[0], rng[1], rng[2], rng[3] = philox(
            rng[_SEED], rng[_GAME], rng[_EPISODE], rng[_BLOCK], _MAZE
        )
        rng[_BLOCK] += _ONE
        used = 0
    rng[_USED] = used + 1
    return bounded(rng[used], bound)
