"""Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011, section 4).

The key is the 64-bit seed, the counter is (game, episode, step, stream), each 32 bits. A number is
a function of these alone: it depends neither on the order of a batch nor on threads. This module is
the plain Python form; `mazemesh.games.mazes.kernels.philox` is the compiled one.

Streams:

* `MAZE`: everything drawn at a reset, one block after the other in place of the step.
* `TICKET + place // 4`, word `place % 4`: who goes first where several want the same cell.
* `BOT + place`, word 0: what a bot draws.

`place` is the start place, not the seat: after a rotation the same place draws the same numbers.
"""

from __future__ import annotations

MAZE = 0
TICKET = 1 << 8
BOT = 2 << 8

MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85
ROUNDS = 10
MASK = 0xFFFFFFFF

Block = tuple[int, int, int, int]


def philox(seed: int, counter: Block) -> Block:
    """Return the four 32-bit words at a counter (four 32-bit words) under a 64-bit seed."""
    key_0, key_1 = seed & MASK, seed >> 32
    word_0, word_1, word_2, word_3 = counter
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * word_0
        product_1 = MULTIPLIER_1 * word_2
        word_0, word_1, word_2, word_3 = (
            (product_1 >> 32) ^ word_1 ^ key_0,
            product_1 & MASK,
            (product_0 >> 32) ^ word_3 ^ key_1,
            product_0 & MASK,
        )
        key_0 = (key_0 + WEYL_0) & MASK
        key_1 = (key_1 + WEYL_1) & MASK
    return word_0, word_1, word_2, word_3


def bounded(word: int, bound: int) -> int:
    """Return a 32-bit word scaled to [0, bound); the bias is below bound / 2**32."""
    return (word * bound) >> 32
