"""Simultaneous moves and who gives way.

* Players may swap cells, and a ring of moving players moves.
* Of several who want the same cell one goes, the others stay: each start place draws a ticket from
  (seed, game, episode, step), and the highest goes.
* Nobody enters a cell whose occupant stays. Who is held up this way holds up those behind.
* All this is so among players on one `layer`. On different ones they meet in a cell or pass through
  each other; what comes of it is the rule's.

The result is the greatest set of moves that fits these rules, whatever the order of the seats.
"""

from __future__ import annotations

import numpy as np

from mazemesh.games import random
from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.making.maze import neighbour
from mazemesh.games.mazes.kernels.philox import philox
from mazemesh.games.mazes.kernels.state import Parameters, State, cell_of, plane_index

_TICKET = random.TICKET
_NORTH, _EAST, _SOUTH, _WEST = range(1, 5)


@part
def move(p: Parameters, s: State, game: int) -> None:
    """Carry out `taken` of a game: positions, headings and visits."""
    for seat in range(p.seats):
        cell = cell_of(p, s, game, seat)
        action = int(np.int64(s.taken[game, seat]))
        s.moving[seat] = action > 0
        s.target[seat] = neighbour(cell, action - 1, p.width) if action > 0 else cell
    if p.seats > 1:
        _hold_losers(p, s, game)
        _hold_blocked(p, s, game)
    for seat in range(p.seats):
        if s.moving[seat]:
            action = int(np.int64(s.taken[game, seat]))
            s.heading[game, seat] = action
            s.position[game, seat, 0] += (action == _SOUTH) - (action == _NORTH)
            s.position[game, seat, 1] += (action == _EAST) - (action == _WEST)
        row, column = s.position[game, seat, 0], s.position[game, seat, 1]
        here = plane_index(row, column, p)
        index = (game * p.seats + seat) * p.plane + here
        s.visited[index] = min(255, int(np.int64(s.visited[index])) + 64)


@part
def _hold_losers(p: Parameters, s: State, game: int) -> None:
    for seat in range(p.seats):
        if s.taken[game, seat] > 0:
            for other in range(p.seats):
                wants = other != seat and s.taken[game, other] > 0
                if (
                    wants
                    and s.target[other] == s.target[seat]
                    and s.layer[game, other] == s.layer[game, seat]
                    and _goes_first(s, p, game, other, seat)
                ):
                    s.moving[seat] = False


@part
def _goes_first(s: State, p: Parameters, game: int, one: int, other: int) -> bool:
    """Whether seat `one` drew the higher ticket; equal tickets go by start place."""
    place_one = (one + s.rotation[game]) % p.seats
    place_other = (other + s.rotation[game]) % p.seats
    ticket_one = _ticket(s, game, place_one)
    ticket_other = _ticket(s, game, place_other)
    if ticket_one == ticket_other:
        return bool(place_one < place_other)
    return bool(ticket_one > ticket_other)


@part
def _ticket(s: State, game: int, place: int) -> np.uint64:
    block = philox(
        s.seed[game],
        np.uint64(s.game_id[game]),
        np.uint64(s.episode[game]),
        np.uint64(s.steps[game]),
        np.uint64(_TICKET + place // 4),
    )
    return block[place % 4]


@part
def _hold_blocked(p: Parameters, s: State, game: int) -> None:
    changed = True
    while changed:
        changed = False
        for seat in range(p.seats):
            if s.moving[seat] and _is_blocked(p, s, game, seat):
                s.moving[seat] = False
                changed = True


@part
def _is_blocked(p: Parameters, s: State, game: int, seat: int) -> bool:
    for other in range(p.seats):
        if (
            not s.moving[other]
            and cell_of(p, s, game, other) == s.target[seat]
            and s.layer[game, other] == s.layer[game, seat]
        ):
            return True
    return False


@part
def have_met(p: Parameters, s: State, game: int, one: int, other: int) -> bool:
    """Whether two seats stand on one cell after `move`, or have passed through each other."""
    cell_one, cell_other = cell_of(p, s, game, one), cell_of(p, s, game, other)
    if cell_one == cell_other:
        return True
    passed = cell_one == _origin(p, s, game, other) and cell_other == _origin(p, s, game, one)
    return bool(s.moving[one] and s.moving[other] and passed)


@part
def _origin(p: Parameters, s: State, game: int, seat: int) -> int:
    """Return the cell that a seat which moved came from."""
    action = int(np.int64(s.taken[game, seat]))
    return neighbour(cell_of(p, s, game, seat), (action + 1) % 4, p.width)
