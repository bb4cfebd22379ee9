"""Observations and action masks; `mazemesh.games.spec.observation_layout` says what they hold."""

from __future__ import annotations

from mazemesh.games.kernels.compiling import part
from mazemesh.games.kernels.state import (
    ByteArray,
    Parameters,
    State,
    cell_of,
    plane_index,
    plane_size,
    plane_width,
)
from mazemesh.games.kernels.words import copy_word


@part
def observe(p: Parameters, s: State, game: int) -> None:
    """Write what every seat of a game sees, and the action masks."""
    for seat in range(p.seats):
        begin = (game * p.seats + seat) * p.observation_size
        _write_planes(p, s, game, seat, begin)
        scalars = begin + 5 * p.window * p.window + 2 * p.window
        _write_scalars(p, s, game, seat, scalars)
        _write_mask(p, s, game, seat)


@part
def _write_planes(p: Parameters, s: State, game: int, seat: int, begin: int) -> None:
    """Write the five planes and the two edges. A row's overrun is written over by what follows."""
    out = s.observation
    row, column = s.position[game, seat, 0], s.position[game, seat, 1]
    stride = plane_width(p.width, p.window)
    plane = plane_size(p.height, p.window, stride)
    margin = p.window // 2
    corner = plane_index(row - margin, column - margin, p.width, p.window)
    shared = game * plane + corner
    own = (game * p.seats + seat) * plane + corner
    area = p.window * p.window
    _copy_rows(out, begin, s.east, shared, p.window, stride, p.window)
    _copy_rows(out, begin + area, s.south, shared, p.window, stride, p.window)
    _copy_rows(out, begin + 2 * area, s.visited, own, p.window, stride, p.window)
    edges = begin + 5 * area
    out[begin + 3 * area : edges] = 0
    for other in range(p.seats):
        if other != seat:
            down = s.position[game, other, 0] - row + margin
            right = s.position[game, other, 1] - column + margin
            _mark(out, begin + 3 * area, down, right, p.window)
    down, right = s.exit[game, 0] - row + margin, s.exit[game, 1] - column + margin
    _mark(out, begin + 4 * area, down, right, p.window)
    _copy_rows(out, edges, s.south, shared - stride, 1, stride, p.window)
    for line in range(p.window):
        out[edges + p.window + line] = s.east[shared + line * stride - 1]


@part
def _copy_rows(
    out: ByteArray, offset: int, source: ByteArray, begin: int, rows: int, stride: int, window: int
) -> None:
    """Copy rows of a window. Up to seven bytes behind the last one are overwritten."""
    for line in range(rows):
        for column in range(0, window, 8):
            copy_word(out, offset + line * window + column, source, begin + line * stride + column)


@part
def _mark(out: ByteArray, offset: int, row: int, column: int, window: int) -> None:
    """Set a cell of the plane at `offset`, if it is in view."""
    if 0 <= row < window and 0 <= column < window:
        out[offset + row * window + column] = 255


@part
def _write_scalars(p: Parameters, s: State, game: int, seat: int, offset: int) -> None:
    out = s.observation
    east = s.exit[game, 1] - s.position[game, seat, 1]
    south = s.exit[game, 0] - s.position[game, seat, 0]
    out[offset] = s.compass[max(east, 0)]
    out[offset + 1] = s.compass[max(-east, 0)]
    out[offset + 2] = s.compass[max(south, 0)]
    out[offset + 3] = s.compass[max(-south, 0)]
    out[offset + 4] = s.steps[game] * 255 // p.step_limit
    for action in range(1, 5):
        out[offset + 4 + action] = 255 if s.heading[game, seat] == action else 0


@part
def _write_mask(p: Parameters, s: State, game: int, seat: int) -> None:
    passages = s.passages[game, cell_of(p, s, game, seat)]
    s.action_mask[game, seat, 0] = p.may_stay
    for direction in range(4):
        s.action_mask[game, seat, direction + 1] = (passages >> direction) & 1
