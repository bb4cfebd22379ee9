"""Gems: who gets them, what they are worth, who wins."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import GameSettings, bot_code, get_game
from mazemesh.games.mazes.engine import BatchEngine
from tests.unit.games.mazes.stages import EAST, STAY, WEST, open_field, part, play

COLLECT = get_game("collect")
GEMS = 3  # on a field of 6 x 6


def _place(engine: BatchEngine, *gems: tuple[int, int]) -> None:
    """Put gems where they are wanted."""
    engine.items[0] = 0
    for gem in gems:
        engine.items[0][gem] = 255


@pytest.mark.parametrize("seats", [2, 5, 8])
def test_gems_lie_apart_from_the_players(seats: int) -> None:
    engine = BatchEngine(COLLECT, GameSettings(seats=seats), 64)
    engine.reset(seed=3, game_id=np.arange(64))
    games = np.arange(64)
    assert ((engine.items == 255).sum(axis=(1, 2)) == 9).all()
    assert (engine.items[games, engine.exit[:, 0], engine.exit[:, 1]] == 255).all()
    for seat in range(seats):
        rows, columns = engine.position[:, seat].T
        assert not engine.items[games, rows, columns].any()
    assert np.array_equal(engine.distance == 0, engine.items == 255)


def test_a_gem_pays_its_finder_at_the_cost_of_the_others() -> None:
    engine = open_field("collect", 3)
    _place(engine, (1, 2), (4, 4), (5, 5))
    engine.position[0] = [(1, 1), (3, 3), (0, 5)]
    play(engine, EAST, STAY, STAY)
    assert engine.tally[0].tolist() == [1, 0, 0]
    assert np.allclose(engine.reward[0], [1 / GEMS, -0.5 / GEMS, -0.5 / GEMS])
    assert engine.items[0].sum() == 2 * 255
    assert engine.distance[0, 1, 2] == 5
    assert part(engine, 0, "tally").tolist() == [255 // GEMS, 0]
    assert part(engine, 1, "tally").tolist() == [0, 255 // GEMS]
    assert part(engine, 1, "compass").tolist() == [255 // 5, 0, 255 // 5, 0]
    assert part(engine, 1, "gems")[4, 4] == 255
    assert part(engine, 1, "gems").sum() == 2 * 255


def test_most_gems_win_with_the_last_one() -> None:
    engine = open_field("collect", 3)
    _place(engine, (1, 2))
    engine.tally[0] = [0, 2, 0]
    engine.position[0] = [(1, 1), (3, 3), (0, 5)]
    play(engine, EAST, STAY, STAY)
    assert engine.terminated[0]
    assert engine.score[0].tolist() == [0.0, 1.0, 0.0]
    assert part(engine, 0, "compass").tolist() == [0, 0, 0, 0]


def test_those_with_equally_many_share_the_win() -> None:
    engine = open_field("collect", 3, step_limit=1)
    _place(engine, (1, 2), (4, 4))
    engine.tally[0] = [0, 1, 0]
    engine.position[0] = [(1, 1), (3, 3), (0, 5)]
    play(engine, EAST, STAY, WEST)
    assert engine.truncated[0]
    assert engine.score[0].tolist() == [0.5, 0.5, 0.0]


def test_two_who_want_one_gem_get_it_once() -> None:
    engine = open_field("collect", 2)
    _place(engine, (1, 2), (5, 5), (5, 0))
    engine.position[0] = [(1, 1), (1, 3)]
    play(engine, EAST, WEST)
    assert sorted(engine.tally[0].tolist()) == [0, 1]


def test_shortest_path_gathers_everything() -> None:
    engine = BatchEngine(COLLECT, GameSettings(width=12, height=8), 64, autoreset=False)
    engine.next_controller[:] = [bot_code("shortest-path"), bot_code("random")]
    engine.reset(seed=1, game_id=np.arange(64))
    scores = np.zeros((64, 2))
    solved = np.zeros(64, np.bool_)
    while engine.active.any():
        engine.step(np.zeros((64, 2), np.int8))
        scores += engine.score
        solved |= engine.terminated
    assert solved.all()
    assert scores.mean(axis=0)[0] > 0.9
    assert np.allclose(scores.sum(axis=1), 1.0)


@pytest.mark.parametrize(("side", "seats", "gems"), [(2, 2, 2), (6, 2, 3), (10, 2, 9), (20, 8, 33)])
def test_the_number_of_gems_follows_the_size(side: int, seats: int, gems: int) -> None:
    settings = COLLECT.resolve(GameSettings(width=side, height=side, seats=seats))
    assert COLLECT.items(settings) == gems
