"""What each seat does in a step: the caller's action, or a bot's."""

from __future__ import annotations

import numpy as np

from mazemesh.games import bots, random
from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.making.maze import neighbour
from mazemesh.games.mazes.kernels.philox import bounded, philox
from mazemesh.games.mazes.kernels.state import Int8Array, Int16Array, Parameters, State, cell_of

_BOT = random.BOT
_RANDOM = bots.RANDOM
_WALL_FOLLOWER = bots.WALL_FOLLOWER


@part
def act(p: Parameters, s: State, game: int, actions: Int8Array) -> None:
    """Write `taken` of a game where all look for what `distance` measures."""
    for seat in range(p.seats):
        choices = 0
        if seeks(s, game, seat):
            choices = downhill(p, s, game, seat, s.distance)
        take(p, s, game, seat, actions, choices)


@part
def seeks(s: State, game: int, seat: int) -> bool:
    """Whether the seat's player is shortest-path, whose choices the rule must work out."""
    return bool(s.controller[game, seat] > _WALL_FOLLOWER)


@part
def take(p: Parameters, s: State, game: int, seat: int, actions: Int8Array, choices: int) -> None:
    """Write `taken` of a seat: bots choose, and an illegal action becomes stay.

    `choices`, a set of four bits, are the directions that shortest-path draws from; if none, it
    stays.
    """
    bot = s.controller[game, seat]
    passages = int(np.int64(s.passages[game, cell_of(p, s, game, seat)]))
    action = int(np.int64(actions[game, seat]))
    if bot == _WALL_FOLLOWER:
        action = _follow_wall(passages, int(np.int64(s.heading[game, seat])))
    elif bot >= _RANDOM:
        action = _pick(passages if bot == _RANDOM else choices, p, s, game, seat)
    if action < 1 or action > 4 or not (passages >> (action - 1)) & 1:
        action = 0
    s.taken[game, seat] = action


@part
def _pick(choices: int, p: Parameters, s: State, game: int, seat: int) -> int:
    """Draw one of the directions in a set of four bits, as an action."""
    count = (choices & 1) + (choices >> 1 & 1) + (choices >> 2 & 1) + (choices >> 3 & 1)
    rank = 0
    if count > 1:
        place = (seat + s.rotation[game]) % p.seats
        block = philox(
            s.seed[game],
            np.uint64(s.game_id[game]),
            np.uint64(s.episode[game]),
            np.uint64(s.steps[game]),
            np.uint64(_BOT + place),
        )
        rank = bounded(block[0], count)
    for direction in range(4):
        if choices >> direction & 1:
            if rank == 0:
                return direction + 1
            rank -= 1
    return 0


@part
def _follow_wall(passages: int, heading: int) -> int:
    """Right, ahead, left or back, whichever is open first; north counts as ahead at the start."""
    ahead = max(heading, 1) - 1
    for turn in (1, 0, 3, 2):
        direction = (ahead + turn) % 4
        if passages >> direction & 1:
            return direction + 1
    return 0


@part
def downhill(p: Parameters, s: State, game: int, seat: int, distance: Int16Array) -> int:
    """Return the directions that lead down in `distance` [n, cells], as a set of four bits."""
    cell = cell_of(p, s, game, seat)
    passages = int(np.int64(s.passages[game, cell]))
    choices = 0
    for direction in range(4):
        if passages >> direction & 1:
            other = neighbour(cell, direction, p.width)
            if distance[game, other] < distance[game, cell]:
                choices |= 1 << direction
    return choices
