"""Pursuit: one to seven hunters against one evader. Zero-sum between the sides.

Start place 0 is the evader's, in the middle, where the exit of other games is; the hunters start
equally far from it where the maze allows. The rotations of a match let everyone evade once. The
evader is caught when it meets a hunter: they stand on one cell, or have passed through each other.
Among hunters `moves` tells who gives way; hunters and evader do not hinder
each other.

Caught: each of the h hunters gets +1 / h (score 1), the evader -1 (score 0). When the steps run out
the evader has won: +1 (score 1), -1 / h for each hunter (score 0). Either way the episode is
terminated.

A hunter's target is the evader, the evader's is the nearest hunter in a straight line (rows plus
columns, then by start place). The bot shortest-path hunts down the walking distance to the evader,
and evades to where the nearest hunter has farthest to walk: it moves away if it can, else to a cell
as far, else it stays.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import MAX_SEATS
from mazemesh.games.spec import SHARED_PLANES


def _evader_and_hunters(seats: int) -> tuple[int, ...]:
    return (0,) + (1,) * (seats - 1)


def _names(seats: int) -> tuple[str, ...]:
    return ("evader", *(f"hunter-{number}" for number in range(1, seats)))


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.pursuit_step import step

    return step


def _load_reset() -> Callable[..., None]:
    from mazemesh.games.mazes.rules.pursuit_step import reset

    return reset


PURSUIT = MazeGame(
    name="pursuit",
    version=1,
    summary="Hunters against one evader, who wins by lasting to the step limit.",
    min_seats=2,
    max_seats=MAX_SEATS,
    default_seats=2,
    may_stay=True,
    load_step=_load_step,
    load_reset=_load_reset,
    planes=(*SHARED_PLANES, "evader"),
    overview=("evader",),
    teams=_evader_and_hunters,
    agents=_names,
    has_things=True,
)
