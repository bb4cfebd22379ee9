"""What `observe.observe` writes, at once in the few bits that travel (`mazemesh.packing`).

Bytes first and bits of them would take twice as long as the rest of a step. For windows whose rows
fit a word, in games with nothing but an exit, where walls hide nothing.
"""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.seeing.observe import write_compass_to
from mazemesh.games.mazes.kernels.state import (
    ByteArray,
    IndexArray,
    Parameters,
    State,
    cell_of,
    plane_index,
)
from mazemesh.packing.words import lines_to_bits, load_word, store_word

WIDEST = 7
"""Window: its plane fits a word, a row of it eight bytes."""

OVERRUN = 8
"""Bytes that may be written behind the last row."""

_ONES, _GATHER = np.uint64(0x0101010101010101), np.uint64(0x0102040810204080)
_ZERO, _ONE, _LAST_BYTE = np.uint64(0), np.uint64(1), np.uint64(56)
_WORD_BITS = 64
_EVEN_BYTES, _EVEN_PAIRS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
_LOW_HALF = np.uint64(0x00000000FFFFFFFF)
# Of `visited` (mazemesh.games.spec.VISITS): what tells each of its bits.
_ALWAYS, _ONCE, _TWICE, _OFTEN = np.uint8(1), np.uint8(64), np.uint8(128), np.uint8(1)


@kernel
def observe_packed(
    p: Parameters,
    s: State,
    out: ByteArray,
    masks: ByteArray,
    games: IndexArray,
    row_bytes: int,
) -> None:
    """Write what every seat of some games sees, one row a seat, games in the order given.

    And which of its actions are legal, a byte of `masks` each.
    """
    if p.window == WIDEST:
        _observe(
            p, s, out, masks, games, row_bytes, WIDEST
        )  # shifts by constants, in the default game
    else:
        _observe(p, s, out, masks, games, row_bytes, p.window)


@part
def _observe(
    p: Parameters,
    s: State,
    out: ByteArray,
    masks: ByteArray,
    games: IndexArray,
    row_bytes: int,
    window: int,
) -> None:
    """The same for windows of one size."""
    last = window - 1
    area = window * window
    plane = (_ONE << np.uint64(area)) - _ONE
    row_mask = (_ONE << np.uint64(window)) - _ONE
    each, spare = row_mask * _ONES, np.uint64(8 - window)
    for index in range(games.size):
        game = games[index]
        for seat in range(p.seats):
            top = s.position[game, seat, 0] - window // 2
            left = s.position[game, seat, 1] - window // 2
            corner = plane_index(top, left, p)
            shared, own = game * p.plane + corner, (game * p.seats + seat) * p.plane + corner
            # One column more in the west.
            walls = lines_to_bits(s.east, shared - 1, p.stride, last, _ALWAYS, _ALWAYS)
            west = ((walls & _ONES) * _GATHER >> _LAST_BYTE) & row_mask
            east = _close(walls >> _ONE, each, spare) & plane
            lines = lines_to_bits(s.south, shared, p.stride, last, _ALWAYS, _ALWAYS)
            south = _close(lines, each, spare) & plane
            # A visit that counts as often has the bits of the others too.
            lines = lines_to_bits(s.visited, own, p.stride, last, _ONCE | _OFTEN, _ONCE)
            once = _close(lines, each, spare) & plane
            lines = lines_to_bits(s.visited, own, p.stride, last, _TWICE | _OFTEN, _TWICE)
            twice = _close(lines, each, spare) & plane
            lines = lines_to_bits(s.visited, own, p.stride, last, _OFTEN, _OFTEN)
            often = _close(lines, each, spare) & plane
            players = _ZERO
            for other in range(p.seats):
                if other != seat:
                    down = s.position[game, other, 0] - top
                    players |= _place(down, s.position[game, other, 1] - left, window)
            exit_row, exit_column = s.exit[game, 0], s.exit[game, 1]
            exit_plane = _place(exit_row - top, exit_column - left, window)
            north = (load_word(s.south, shared - p.stride) & _ONES) * _GATHER >> _LAST_BYTE
            heading = (_ONE << np.uint64(s.heading[game, seat])) >> _ONE
            edges = north & row_mask | west << np.uint64(window) | heading << np.uint64(2 * window)
            at = (index * p.seats + seat) * row_bytes
            bits, filled = _ZERO, 0
            at, bits, filled = _append(out, at, bits, filled, east, area)
            at, bits, filled = _append(out, at, bits, filled, south, area)
            at, bits, filled = _append(out, at, bits, filled, once, area)
            at, bits, filled = _append(out, at, bits, filled, twice, area)
            at, bits, filled = _append(out, at, bits, filled, often, area)
            at, bits, filled = _append(out, at, bits, filled, players, area)
            at, bits, filled = _append(out, at, bits, filled, exit_plane, area)
            at, bits, filled = _append(out, at, bits, filled, edges, 2 * window + 4)
            store_word(out, at, bits)
            at += (filled + 7) >> 3
            write_compass_to(p, s, out, game, seat, at, exit_row, exit_column)
            out[at + 4] = s.steps[game] * 255 // p.step_limit
            passages = s.passages[game, cell_of(p, s, game, seat)]
            masks[index * p.seats + seat] = passages << 1 | np.uint8(
                p.may_stay
            )  # as `write_mask` says it


@part
def _close(lines: np.uint64, each: np.uint64, spare: np.uint64) -> np.uint64:
    """Eight lines of eight bits, of which the first 8 - spare count, as bits without gaps."""
    lines &= each
    lines = (lines & _EVEN_BYTES) | (lines & ~_EVEN_BYTES) >> spare
    lines = (lines & _EVEN_PAIRS) | (lines & ~_EVEN_PAIRS) >> (spare << _ONE)
    return (lines & _LOW_HALF) | (lines & ~_LOW_HALF) >> (spare << np.uint64(2))


@part
def _place(down: int, right: int, window: int) -> np.uint64:
    """A plane with one cell set, if it is in view."""
    if 0 <= down < window and 0 <= right < window:
        return _ONE << np.uint64(down * window + right)
    return _ZERO


@part
def _append(
    out: ByteArray, at: int, bits: np.uint64, filled: int, more: np.uint64, count: int
) -> tuple[int, np.uint64, int]:
    """Add `count` bits, 1..63, to those `filled` that wait; write what makes a word."""
    bits |= more << np.uint64(filled)
    if filled + count < _WORD_BITS:
        return at, bits, filled + count
    store_word(out, at, bits)
    left = more >> np.uint64(_WORD_BITS - filled) if filled else _ZERO
    return at + 8, left, filled + count - _WORD_BITS
