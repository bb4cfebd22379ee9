"""What there is in a maze beside players and exit, in the games that have it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.making.maze import neighbour
from mazemesh.games.mazes.kernels.philox import Rng, below
from mazemesh.games.mazes.kernels.state import (
    BoolArray,
    ByteArray,
    Int16Array,
    IntArray,
    Parameters,
    State,
    cell_of,
    plane_index,
)


class Things(NamedTuple):
    """The things of the games of one engine; n = games, s = seats.

    A game uses what it needs and leaves the rest 0.
    """

    items: ByteArray  # [n * plane] 255 where an item lies, laid out as the planes of `State`
    nearest: IntArray  # [n, cells] the item that is nearest to each cell
    tally: IntArray  # [n, s] what a seat holds
    base: IntArray  # [n, 2] row and column of the second team's base
    base_distance: Int16Array  # [n, cells] steps to that base
    flight: Int16Array  # [1, cells] scratch of a step: steps to the nearest hunter
    dropped: BoolArray  # [s] scratch of a step


def allocate_things(p: Parameters, n: int) -> Things:
    """Return the zeroed things of n games."""
    cells = p.height * p.width
    return Things(
        items=np.zeros(n * p.plane, np.uint8),
        nearest=np.zeros((n, cells), np.int32),
        tally=np.zeros((n, p.seats), np.int32),
        base=np.zeros((n, 2), np.int32),
        base_distance=np.zeros((n, cells), np.int16),
        flight=np.zeros((1, cells), np.int16),
        dropped=np.zeros(p.seats, np.bool_),
    )


@part
def item_index(p: Parameters, game: int, cell: int) -> int:
    """Return where a cell of a game stands in `items`."""
    return game * p.plane + plane_index(cell // p.width, cell % p.width, p)


@part
def clear_things(p: Parameters, t: Things, game: int) -> None:
    """Take all items out of a maze and out of the hands of players."""
    t.items[game * p.plane : (game + 1) * p.plane] = 0
    for seat in range(p.seats):
        t.tally[game, seat] = 0


@part
def scatter(p: Parameters, s: State, t: Things, game: int, count: int) -> None:
    """Put items on `count` cells, drawn from those that are neither start place nor exit."""
    goal = s.exit[game, 0] * p.width + s.exit[game, 1]
    free = 0
    for cell in range(p.height * p.width):
        taken = cell == goal
        for seat in range(p.seats):
            taken |= cell_of(p, s, game, seat) == cell
        if not taken:
            s.second[free] = cell
            free += 1
    for index in range(count):
        t.items[item_index(p, game, _draw_next(s.second, index, free, s.rng[game]))] = 255


@part
def _draw_next(cells: IntArray, index: int, count: int, rng: Rng) -> int:
    """One step of a Fisher-Yates shuffle: swap a random one of the rest to `index`."""
    other = index + (below(rng, count - index) if count - index > 1 else 0)
    cell = int(cells[other])
    cells[other] = cells[index]
    cells[index] = cell
    return cell


@part
def pick_up(p: Parameters, s: State, t: Things, game: int, seat: int) -> bool:
    """Give a seat the item on its cell, if there is one."""
    index = item_index(p, game, cell_of(p, s, game, seat))
    if not t.items[index]:
        return False
    t.items[index] = 0
    t.tally[game, seat] += 1
    return True


@part
def items_left(p: Parameters, t: Things, game: int) -> int:
    """Return how many items nobody has yet."""
    left = p.items
    for seat in range(p.seats):
        left -= t.tally[game, seat]
    return left


@part
def measure_items(p: Parameters, s: State, t: Things, game: int) -> None:
    """Write `distance` and `nearest` for the items that are left, of which there must be one.

    Of items equally near, the first in the numbering of cells is nearest: the search begins with
    them in this order, and keeps it at every distance.
    """
    cells = p.height * p.width
    tail = 0
    for cell in range(cells):
        s.distance[game, cell] = -1
        if t.items[item_index(p, game, cell)]:
            s.distance[game, cell] = 0
            t.nearest[game, cell] = cell
            s.first[tail] = cell
            tail += 1
    for head in range(cells):
        cell = s.first[head]
        for direction in range(4):
            if s.passages[game, cell] >> direction & 1:
                other = neighbour(cell, direction, p.width)
                if s.distance[game, other] < 0:
                    s.distance[game, other] = s.distance[game, cell] + 1
                    t.nearest[game, other] = t.nearest[game, cell]
                    s.first[tail] = other
                    tail += 1
