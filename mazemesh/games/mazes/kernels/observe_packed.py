"""What `observe.observe` writes, at once in the few bits that travel (`mazemesh.packing`).

Bytes first and bits of them would take twice as long as the rest of a step. For windows whose rows
fit a word, in games with nothing but an exit, where walls hide nothing.
"""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.observe import write_compass_to
from mazemesh.games.mazes.kernels.state import (
    ByteArray,
    IndexArray,
    Parameters,
    State,
    plane_index,
)
from mazemesh.packing.words import load_word, store_word, to_bits

WIDEST = 7
"""Window: its plane fits a word, a row of it eight bytes."""

OVERRUN = 8
"""Bytes that may be written behind the last row."""

SCRATCH = 256
"""Bytes that a call needs beside its rows: three planes, a word each line, in 64 bytes each."""

_ONES, _GATHER = np.uint64(0x0101010101010101), np.uint64(0x0102040810204080)
_ZERO, _ONE, _BYTE, _LAST_BYTE = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(56)
_WORD_BITS = 64
_SOUTH, _VISITED = 64, 128
# Of `visited` (mazemesh.games.spec.VISITS): what tells each of its bits.
_ALWAYS, _ONCE, _TWICE, _OFTEN = np.uint8(1), np.uint8(64), np.uint8(128), np.uint8(1)


@kernel
def observe_packed(
    p: Parameters, s: State, out: ByteArray, scratch: ByteArray, games: IndexArray, row_bytes: int
) -> None:
    """Write what every seat of some games sees, one row a seat, games in the order given."""
    window = p.window
    area = window * window
    plane = (_ONE << np.uint64(area)) - _ONE
    row_mask = (_ONE << np.uint64(window)) - _ONE
    for index in range(games.size):
        game = games[index]
        for seat in range(p.seats):
            top = s.position[game, seat, 0] - window // 2
            left = s.position[game, seat, 1] - window // 2
            corner = plane_index(top, left, p)
            shared, own = game * p.plane + corner, (game * p.seats + seat) * p.plane + corner
            west = _ZERO
            for line in range(window):
                at, to = line * p.stride, line * window
                row = load_word(s.east, shared + at - 1)
                west |= (row & _ONE) << np.uint64(line)
                store_word(scratch, to, row >> _BYTE)
                store_word(scratch, _SOUTH + to, load_word(s.south, shared + at))
                store_word(scratch, _VISITED + to, load_word(s.visited, own + at))
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
            # A visit that counts as often has the bits of the others too.
            east = to_bits(scratch, 0, _ALWAYS, _ALWAYS) & plane
            south = to_bits(scratch, _SOUTH, _ALWAYS, _ALWAYS) & plane
            once = to_bits(scratch, _VISITED, _ONCE | _OFTEN, _ONCE) & plane
            twice = to_bits(scratch, _VISITED, _TWICE | _OFTEN, _TWICE) & plane
            often = to_bits(scratch, _VISITED, _OFTEN, _OFTEN) & plane
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
