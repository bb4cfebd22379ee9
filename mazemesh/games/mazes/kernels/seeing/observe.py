"""Observations and action masks; `mazemesh.games.spec.observation_layout` says what they hold."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.seeing.sight import hide
from mazemesh.games.mazes.kernels.state import ByteArray, Parameters, State, cell_of, plane_index
from mazemesh.games.mazes.kernels.words import copy_word

PLAYERS, OWN_PLANES = 3, 4
"""Number of the plane `players`, and of the first plane that is the rule's own."""
_SCALARS = 9


@part
def observe(p: Parameters, s: State, game: int) -> None:
    """Write what every seat of a game with nothing but an exit sees, and the action masks.

    Where `observe_packed` shows what is seen, the masks alone.
    """
    for seat in range(p.seats):
        if not p.observed:
            write_mask(p, s, game, seat)
            continue
        begin = write_surroundings(p, s, game, seat)
        row, column = s.exit[game, 0], s.exit[game, 1]
        mark(p, s, game, seat, begin + OWN_PLANES * p.window * p.window, row, column, 255)
        finish_view(p, s, game, seat, row, column)
        write_mask(p, s, game, seat)


@part
def write_surroundings(p: Parameters, s: State, game: int, seat: int) -> int:
    """Write the planes that all games share and clear the others; return where the seat's begin.

    A row that is copied overruns its plane, and is written over by what follows.
    """
    out = s.observation
    begin = (game * p.seats + seat) * p.observation_size
    shared = _corner(p, s, game, seat, game)
    own = _corner(p, s, game, seat, game * p.seats + seat)
    area = p.window * p.window
    _copy_rows(out, begin, s.east, shared, p.window, p.stride, p.window)
    _copy_rows(out, begin + area, s.south, shared, p.window, p.stride, p.window)
    _copy_rows(out, begin + 2 * area, s.visited, own, p.window, p.stride, p.window)
    out[begin + PLAYERS * area : begin + p.planes * area] = 0
    for other in range(p.seats):
        if other != seat:
            row, column = s.position[game, other, 0], s.position[game, other, 1]
            mark(p, s, game, seat, begin + PLAYERS * area, row, column, 255)
    return begin


@part
def copy_plane(
    p: Parameters, s: State, game: int, seat: int, plane: int, source: ByteArray
) -> None:
    """Copy the window of `source`, one padded plane a game, to a plane.

    The first bytes of the next plane are written over.
    """
    begin = (game * p.seats + seat) * p.observation_size + plane * p.window * p.window
    corner = _corner(p, s, game, seat, game)
    _copy_rows(s.observation, begin, source, corner, p.window, p.stride, p.window)


@part
def finish_view(p: Parameters, s: State, game: int, seat: int, row: int, column: int) -> None:
    """Write all that follows the planes, up to the rule's own vectors; the target is given."""
    out = s.observation
    begin = (game * p.seats + seat) * p.observation_size
    edges = begin + p.planes * p.window * p.window
    shared = _corner(p, s, game, seat, game)
    _copy_rows(out, edges, s.south, shared - p.stride, 1, p.stride, p.window)
    for line in range(p.window):
        out[edges + p.window + line] = s.east[shared + line * p.stride - 1]
    if p.line_of_sight:
        hide(out, begin, p.planes, p.window, s.east, s.south, shared, s.rays)
    scalars = edges + 2 * p.window
    write_compass(p, s, game, seat, scalars, row, column)
    out[scalars + 4] = s.steps[game] * 255 // p.step_limit
    for action in range(1, 5):
        out[scalars + 4 + action] = 255 if s.heading[game, seat] == action else 0


@part
def own_vectors(p: Parameters, game: int, seat: int) -> int:
    """Return where the rule's own vectors of a seat begin."""
    begin = (game * p.seats + seat) * p.observation_size
    return begin + p.planes * p.window * p.window + 2 * p.window + _SCALARS


@part
def _corner(p: Parameters, s: State, game: int, seat: int, plane: int) -> int:
    """Return where a seat's window begins in the padded plane of that number."""
    margin = p.window // 2
    row, column = s.position[game, seat, 0] - margin, s.position[game, seat, 1] - margin
    return plane * p.plane + plane_index(row, column, p)


@part
def _copy_rows(
    out: ByteArray, offset: int, source: ByteArray, begin: int, rows: int, stride: int, window: int
) -> None:
    """Copy rows of a window. Up to seven bytes behind the last one are overwritten."""
    for line in range(rows):
        for column in range(0, window, 8):
            copy_word(out, offset + line * window + column, source, begin + line * stride + column)


@part
def mark(
    p: Parameters, s: State, game: int, seat: int, offset: int, row: int, column: int, value: int
) -> None:
    """Write the value of a cell in a seat's plane at `offset`, if it is in view."""
    margin = p.window // 2
    down = row - s.position[game, seat, 0] + margin
    right = column - s.position[game, seat, 1] + margin
    if 0 <= down < p.window and 0 <= right < p.window:
        s.observation[offset + down * p.window + right] = value


@part
def write_compass(
    p: Parameters, s: State, game: int, seat: int, offset: int, row: int, column: int
) -> None:
    """Write four bytes at `offset`: how far east, west, south and north a cell is."""
    write_compass_to(p, s, s.observation, game, seat, offset, row, column)


@part
def write_compass_to(
    p: Parameters,
    s: State,
    out: ByteArray,
    game: int,
    seat: int,
    offset: int,
    row: int,
    column: int,
) -> None:
    """Write the four bytes of a compass into `out`."""
    east = column - s.position[game, seat, 1]
    south = row - s.position[game, seat, 0]
    out[offset] = s.compass[max(east, 0)]
    out[offset + 1] = s.compass[max(-east, 0)]
    out[offset + 2] = s.compass[max(south, 0)]
    out[offset + 3] = s.compass[max(-south, 0)]


@part
def write_mask(p: Parameters, s: State, game: int, seat: int) -> None:
    """Write which actions of a seat are legal."""
    passages = s.passages[game, cell_of(p, s, game, seat)]
    s.action_mask[game, seat, 0] = p.may_stay
    for direction in range(4):
        s.action_mask[game, seat, direction + 1] = (passages >> direction) & 1
