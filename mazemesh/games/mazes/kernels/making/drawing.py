"""Mazes with their exits and distances: drawn when an episode begins, or ahead by another thread.

What a maze looks like follows from the name of its episode alone, so it makes no difference who
draws it, or when. Of each game the maze of the next episode may be drawn ahead, and no more. Each
game has a slot for it, which is handed to and fro by its `state`:

    FREE, READY: the games' thread's. It takes a maze that is READY under the name it looks for, and
        asks for the next: WANTED.
    WANTED: anybody's who exchanges it, to DRAWING or back to FREE.
    DRAWING: the drawing thread's, until it says READY.

Nobody ever waits for a maze: what is not ready is drawn in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from numba import types

from mazemesh.games.mazes.kernels.atomics import exchange, load, store, swap
from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.making.maze import carve
from mazemesh.games.mazes.kernels.making.places import measure
from mazemesh.games.mazes.kernels.philox import RNG_WORDS, Rng, below, start_rng
from mazemesh.games.mazes.kernels.state import (
    ByteArray,
    IndexArray,
    Int16Array,
    IntArray,
    Parameters,
    State,
    plane_index,
)

_FREE, _WANTED, _DRAWING, READY = range(4)
_SLEEPS, STOPS = range(2)


class Ahead(NamedTuple):
    """Mazes that are drawn ahead; n = games, 0 if none is.

    What a slot holds is named and laid out as in `State`.
    """

    state: IndexArray  # [n]
    name: npt.NDArray[np.uint64]  # [n, 3] seed, game id and episode of what is in the slot
    passages: ByteArray  # [n, cells]
    distance: Int16Array  # [n, cells]
    order: IntArray  # [n, cells + 1]
    rng: npt.NDArray[np.uint64]  # [n, RNG_WORDS]
    exit: IntArray  # [n, 2]
    east: ByteArray  # [n * plane]
    south: ByteArray  # [n * plane]
    sides: ByteArray  # [cells]
    first: IntArray  # [2 * cells] scratch
    second: IntArray  # [2 * cells] scratch
    flags: IndexArray  # [2] whether the drawing thread sleeps, and whether it is to end
    byte: ByteArray  # [1] what goes through the pipe
    pipe: IndexArray  # [2] file descriptors: a byte that is written to the second wakes the thread


def allocate_ahead(p: Parameters, s: State, n: int) -> Ahead:
    """Return the slots of n games, free."""
    cells = p.height * p.width
    return Ahead(
        state=np.zeros(n, np.int64),
        name=np.zeros((n, 3), np.uint64),
        passages=np.zeros((n, cells), np.uint8),
        distance=np.zeros((n, cells), np.int16),
        order=np.zeros((n, cells + 1), np.int32),
        rng=np.zeros((n, RNG_WORDS), np.uint64),
        exit=np.zeros((n, 2), np.int32),
        east=np.zeros(n * p.plane, np.uint8),
        south=np.zeros(n * p.plane, np.uint8),
        sides=s.sides,
        first=np.zeros(2 * cells, np.int32),
        second=np.zeros(2 * cells, np.int32),
        flags=np.zeros(2, np.int64),
        byte=np.zeros(1, np.uint8),
        pipe=np.full(2, -1, np.int64),
    )


_transfer = types.intp(types.int32, types.voidptr, types.intp)
_Transfer = Callable[[int, Any, int], int]
_read = cast("_Transfer", types.ExternalFunction("read", _transfer))
_write = cast("_Transfer", types.ExternalFunction("write", _transfer))


@kernel
def draw_mazes(p: Parameters, s: State, a: Ahead, games: IndexArray) -> None:
    """Draw mazes and exits of the episodes that `seed`, `game_id` and `episode` name.

    `order` then lists the cells by their distance to the exit.
    """
    for game in games:
        if a.state.size == 0 or not _take(p, s, a, game):
            _draw_in_place(p, s, game)
        s.eccentricity[game] = s.distance[game, s.order[game, p.height * p.width - 1]]
        if a.state.size:
            _ask_for_next(s, a, game)
    if a.state.size and swap(a.flags, _SLEEPS, 0):
        _write(a.pipe[1], a.byte.ctypes, 1)


@kernel
def draw_ahead(p: Parameters, a: Ahead) -> None:
    """Draw what is wanted until told to end; sleeps when nothing is."""
    while load(a.flags, STOPS) == 0:
        if _draw_wanted(p, a):
            continue
        swap(a.flags, _SLEEPS, 1)
        # Who asked before the flag was up did not see it.
        if _draw_wanted(p, a) == 0 and load(a.flags, STOPS) == 0:
            _read(a.pipe[0], a.byte.ctypes, 1)
        swap(a.flags, _SLEEPS, 0)


@part
def _draw_in_place(p: Parameters, s: State, game: int) -> None:
    start_rng(s.rng[game], s.seed[game], np.uint64(s.game_id[game]), np.uint64(s.episode[game]))
    _draw(
        p,
        s.sides,
        s.rng[game],
        s.passages[game],
        s.distance[game],
        s.order[game],
        s.exit[game],
        s.first,
        s.second,
    )
    _draw_planes(p, s.passages[game], s.east, s.south, game * p.plane)


@part
def _draw_wanted(p: Parameters, a: Ahead) -> int:
    """Draw all mazes that are wanted, unless told to end; return how many were drawn."""
    drawn = 0
    for game in range(a.state.size):
        if load(a.flags, STOPS):
            break
        if load(a.state, game) == _WANTED and exchange(a.state, game, _WANTED, _DRAWING):
            start_rng(a.rng[game], a.name[game, 0], a.name[game, 1], a.name[game, 2])
            _draw(
                p,
                a.sides,
                a.rng[game],
                a.passages[game],
                a.distance[game],
                a.order[game],
                a.exit[game],
                a.first,
                a.second,
            )
            _draw_planes(p, a.passages[game], a.east, a.south, game * p.plane)
            store(a.state, game, READY)
            drawn += 1
    return drawn


@part
def _take(p: Parameters, s: State, a: Ahead, game: int) -> bool:
    """Copy the maze from the game's slot, if it is the right one and ready."""
    if load(a.state, game) != READY or a.name[game, 2] != s.episode[game]:
        return False
    if a.name[game, 0] != s.seed[game] or a.name[game, 1] != s.game_id[game]:
        return False
    for cell in range(p.height * p.width):
        s.passages[game, cell] = a.passages[game, cell]
        s.distance[game, cell] = a.distance[game, cell]
        s.order[game, cell] = a.order[game, cell]
    for word in range(RNG_WORDS):
        s.rng[game, word] = a.rng[game, word]
    s.exit[game, 0], s.exit[game, 1] = a.exit[game, 0], a.exit[game, 1]
    for index in range(game * p.plane, (game + 1) * p.plane):
        s.east[index] = a.east[index]
        s.south[index] = a.south[index]
    return True


@part
def _ask_for_next(s: State, a: Ahead, game: int) -> None:
    """Name the maze of the next episode, unless another is being drawn right now."""
    state = load(a.state, game)
    if state == _DRAWING or (state == _WANTED and not exchange(a.state, game, _WANTED, _FREE)):
        return
    a.name[game, 0] = s.seed[game]
    a.name[game, 1] = s.game_id[game]
    a.name[game, 2] = s.episode[game] + np.uint32(1)
    swap(a.state, game, _WANTED)


@part
def _draw(
    p: Parameters,
    sides: ByteArray,
    rng: Rng,
    passages: ByteArray,
    distance: Int16Array,
    order: IntArray,
    exit_cell: IntArray,
    first: IntArray,
    second: IntArray,
) -> None:
    carve(passages, sides, p.height, p.width, p.generator, p.loops, rng, first, second)
    goal = below(rng, p.height * p.width)
    exit_cell[0], exit_cell[1] = goal // p.width, goal % p.width
    measure(passages, p.width, goal, distance, order)


@part
def _draw_planes(
    p: Parameters, passages: ByteArray, east: ByteArray, south: ByteArray, begin: int
) -> None:
    """Write the padded planes of a maze, which begin at `begin`."""
    east[begin : begin + p.plane] = 0
    south[begin : begin + p.plane] = 0
    for row in range(p.height):
        for column in range(p.width):
            here = passages[row * p.width + column]
            index = begin + plane_index(row, column, p)
            east[index] = 255 if here & 2 else 0
            south[index] = 255 if here & 4 else 0
