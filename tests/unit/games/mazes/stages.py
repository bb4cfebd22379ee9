"""Engines with one game set up by hand, on a field without walls."""

from __future__ import annotations

import numpy as np

from mazemesh.games import GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine

STAY, NORTH, EAST, SOUTH, WEST = range(5)
Cell = tuple[int, int]


def open_field(
    game: str, seats: int, *, seed: int = 0, rotation: int = 0, **values: object
) -> BatchEngine:
    """A game on 6 x 6 cells without inner walls; it stands still at its end."""
    settings = GameSettings(width=6, height=6, loops=1.0, seats=seats, **values)
    engine = BatchEngine(get_game(game), settings, autoreset=False)
    engine.reset(seed=seed, rotation=rotation)
    return engine


def play(engine: BatchEngine, *actions: int) -> None:
    engine.step(np.array([actions], np.int8))


def cells(engine: BatchEngine) -> list[Cell]:
    return [(int(row), int(column)) for row, column in engine.position[0]]


def part(engine: BatchEngine, seat: int, name: str) -> np.ndarray:
    """A part of what a seat sees."""
    field = next(field for field in engine.spec.layout if field.name == name)
    seen = engine.observation[0, seat, field.offset : field.offset + field.size]
    return seen.reshape(field.shape)
