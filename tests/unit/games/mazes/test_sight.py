"""What walls hide under `line_of_sight`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mazemesh.games import GameSettings, get_game, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.reference.maze import Maze
from mazemesh.games.mazes.reference.sight import sees
from tests.unit.games.mazes.stages import open_field, part


def _corridor(*cells: tuple[int, int]) -> Maze:
    """A maze where one walks from each cell to the next."""
    maze: Maze = {cell: set() for cell in cells}
    for one, other in pairwise(cells):
        maze[one].add(other)
        maze[other].add(one)
    return maze


def test_one_sees_along_a_corridor_and_a_bit_round_its_corner() -> None:
    maze = _corridor((0, 0), (0, 1), (0, 2), (1, 2), (2, 2))
    assert sees(maze, (0, 0), (0, 2))
    assert sees(maze, (0, 1), (1, 2))
    assert not sees(maze, (0, 0), (1, 2))
    assert not sees(maze, (0, 0), (2, 2))


def test_sight_is_mutual() -> None:
    engine = BatchEngine(get_game("solo"), GameSettings(width=7, height=7, loops=0.3))
    engine.reset(seed=5)
    steps = {1: (-1, 0), 2: (0, 1), 4: (1, 0), 8: (0, -1)}
    maze: Maze = {
        (row, column): {
            (row + down, column + right)
            for bit, (down, right) in steps.items()
            if engine.passages[0, row, column] & bit
        }
        for row, column in np.ndindex(7, 7)
    }
    seen = {(one, other) for one in maze for other in maze if sees(maze, one, other)}
    assert seen == {(other, one) for one, other in seen}
    assert len(maze) < len(seen) < len(maze) ** 2


def test_on_an_open_field_the_whole_maze_is_seen() -> None:
    engine = open_field("race", 2, line_of_sight=True)
    row, column = engine.position[0, 0]
    seen = part(engine, 0, "seen")
    inside = [
        (down, right)
        for down, right in np.ndindex(7, 7)
        if 0 <= row + down - 3 < 6 and 0 <= column + right - 3 < 6
    ]
    assert [tuple(cell) for cell in np.argwhere(seen)] == inside


def test_what_is_hidden_is_hidden_in_all_planes_but_the_own_trail() -> None:
    for game in list_games():
        engine = BatchEngine(game, GameSettings(line_of_sight=True, loops=0.2), 64)
        engine.next_controller[:] = 0
        engine.reset(seed=2, game_id=np.arange(64))
        for _ in range(20):
            engine.step(np.zeros(engine.taken.shape, np.int8))
        planes, view = engine.spec.planes, engine.spec.view
        seen = engine.observation[..., : planes * view**2].reshape(-1, planes, view**2)
        hidden = seen[:, -1] == 0
        assert 0.2 < hidden.mean() < 0.95
        for index, name in enumerate(game.planes[2:], 2):
            assert seen[:, index][hidden].any() == (name == "visited")


@pytest.mark.parametrize("game", list_games())
def test_the_setting_counts_in_the_hashes_only_where_it_is_used(game: object) -> None:
    plain, hidden = game.spec(), game.spec(GameSettings(line_of_sight=True))
    assert plain.rules_hash != hidden.rules_hash
    assert plain.spec_hash != hidden.spec_hash
    assert hidden.planes == plain.planes + 1
