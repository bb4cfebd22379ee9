"""The whole maze as planes: for critics that are trained with all there is to know, and drawings.

Planes are named as in `overview_planes`. `exit`, `gems` and `keys` are what they say, `evader` is
where the evader stands, `base_0` and `base_1` are the teams' bases, `flag_0` and `flag_1` where
their flags are now, at the base or with a carrier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.spec import GameSpec

Planes = npt.NDArray[np.uint8]
Games = npt.NDArray[np.int64]
Cells = npt.NDArray[np.int32]
_EAST, _SOUTH = 2, 4


class Shown(Protocol):
    """What of `mazemesh.games.mazes.engine.BatchEngine` is drawn."""

    spec: GameSpec
    game: MazeGame
    passages: npt.NDArray[np.uint8]
    position: Cells
    exit: Cells
    base: Cells
    items: npt.NDArray[Any]
    rotation: npt.NDArray[np.int32]
    tally: npt.NDArray[np.int32]


def overview_planes(seats: int, own: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the planes: passages, then one a seat, then the rule's own."""
    players = tuple(f"player_{seat}" for seat in range(seats))
    return ("passage_east", "passage_south", *players, *own)


def paint(engine: Shown, games: Games, out: Planes) -> None:
    """Write the planes of some games, uint8 [k, planes, height, width], into `out`."""
    seats = engine.spec.seats
    passages = engine.passages[games]
    out[:, 0] = np.where(passages & _EAST, 255, 0)
    out[:, 1] = np.where(passages & _SOUTH, 255, 0)
    out[:, 2:] = 0
    for seat in range(seats):
        _mark(out[:, 2 + seat], engine.position[games, seat])
    for index, name in enumerate(engine.game.overview):
        plane = out[:, 2 + seats + index]
        if name in _ITEMS:
            plane[...] = engine.items[games]
        else:
            _mark(plane, _CELLS[name](engine, games))


def landmarks(engine: Shown, game: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return where in a game players are bound for, and where things lie: (row, column) each."""
    names = engine.game.overview
    out = np.zeros((1, 2 + engine.spec.seats + len(names), *engine.passages.shape[1:]), np.uint8)
    paint(engine, np.array([game]), out)
    goals: list[list[int]] = []
    things: list[list[int]] = []
    for name, plane in zip(names, out[0, 2 + engine.spec.seats :], strict=True):
        if name in _GOALS:
            goals += np.argwhere(plane).tolist()
        elif name != "evader":
            things += np.argwhere(plane).tolist()
    return goals, things


def legend(game: MazeGame) -> str:
    """Return what the signs of `render.draw_text` stand for in a game; may be ""."""
    return ", ".join(_SIGNS[name] for name in game.overview if name in _SIGNS)


def _mark(plane: Planes, cells: Cells) -> None:
    """Set one cell [k, 2] of each plane [k, height, width]."""
    plane[np.arange(len(cells)), cells[:, 0], cells[:, 1]] = 255


def _exit(engine: Shown, games: Games) -> Cells:
    return engine.exit[games]


def _base(engine: Shown, games: Games) -> Cells:
    return engine.base[games]


def _evader(engine: Shown, games: Games) -> Cells:
    seats = -engine.rotation[games] % engine.spec.seats
    return engine.position[games, seats]


def _flag(team: int) -> Callable[[Shown, Games], Cells]:
    """Return what finds a team's flag: with the opponent that carries it, else at its base."""

    def find(engine: Shown, games: Games) -> Cells:
        base = engine.base[games] if team else engine.exit[games]
        place = (np.arange(engine.spec.seats) + engine.rotation[games, None]) % engine.spec.seats
        carries = (engine.tally[games] > 0) & (place % 2 != team)
        carrier = engine.position[games, carries.argmax(axis=1)]
        cells: Cells = np.where(carries.any(axis=1)[:, None], carrier, base)
        return cells

    return find


_ITEMS = frozenset({"gems", "keys"})
_GOALS = frozenset({"exit", "base_0", "base_1"})
_SIGNS = {
    "exit": "the exit is ◆",
    "gems": "gems are *",
    "keys": "keys are *",
    "base_0": "bases are ◆",
    "flag_0": "flags are *",
}
_CELLS: dict[str, Callable[[Shown, Games], Cells]] = {
    "exit": _exit,
    "evader": _evader,
    "base_0": _exit,
    "base_1": _base,
    "flag_0": _flag(0),
    "flag_1": _flag(1),
}
