"""Keys first, then the exit, and all share what comes of it."""

from __future__ import annotations

import numpy as np

from mazemesh.games import GameSettings, bot_code, get_game
from mazemesh.games.mazes.engine import BatchEngine
from tests.unit.games.mazes.stages import EAST, NORTH, STAY, WEST, cells, open_field, part, play

COOP = get_game("coop-keys")
SHARE = 1 / (3 + 2)  # of each event with two players and three keys


def _stage(step_limit: int = 50) -> BatchEngine:
    """Two players, one key left at (1, 2), the exit at (4, 4)."""
    engine = open_field("coop-keys", 2, step_limit=step_limit)
    engine.items[0] = 0
    engine.items[0, 1, 2] = 255
    engine.tally[0] = [0, 2]
    engine.exit[0] = (4, 4)
    return engine


def test_the_exit_is_shut_while_a_key_is_missing() -> None:
    engine = _stage()
    engine.position[0] = [(1, 0), (4, 3)]
    play(engine, STAY, EAST)
    assert cells(engine)[1] == (4, 4)
    assert engine.action_mask[0, 1].sum() > 1
    assert np.allclose(engine.reward, -1 / 50)
    assert part(engine, 0, "keys_left").tolist() == [255 // 3]


def test_the_last_key_opens_it_and_all_are_paid() -> None:
    engine = _stage()
    engine.position[0] = [(1, 1), (3, 3)]
    play(engine, EAST, STAY)
    assert engine.tally[0].tolist() == [1, 2]
    assert np.allclose(engine.reward, SHARE - 1 / 50)
    assert engine.distance[0, 4, 4] == 0
    assert part(engine, 0, "keys_left").tolist() == [0]
    assert part(engine, 1, "compass").tolist() == [255 // 5, 0, 255 // 5, 0]


def test_who_stands_on_the_exit_when_it_opens_has_left() -> None:
    engine = _stage()
    engine.position[0] = [(1, 1), (4, 4)]
    play(engine, EAST, STAY)
    assert np.allclose(engine.reward, 2 * SHARE - 1 / 50)
    assert engine.action_mask[0, 1].tolist() == [1, 0, 0, 0, 0]


def test_all_leave_one_after_the_other() -> None:
    engine = _stage()
    engine.position[0] = [(1, 1), (4, 3)]
    play(engine, EAST, STAY)
    engine.position[0, 0] = (4, 5)
    play(engine, STAY, EAST)
    assert np.allclose(engine.reward, SHARE - 1 / 50)
    assert engine.active[0]
    assert not part(engine, 0, "players").any()
    play(engine, WEST, NORTH)
    assert cells(engine) == [(4, 4), (4, 4)]
    assert engine.terminated[0]
    assert engine.score[0].tolist() == [1.0, 1.0]


def test_nobody_scores_when_the_steps_run_out() -> None:
    engine = _stage(step_limit=1)
    engine.position[0] = [(1, 1), (4, 4)]
    play(engine, EAST, STAY)
    assert engine.truncated[0]
    assert engine.score[0].tolist() == [0.0, 0.0]


def test_shortest_path_brings_every_team_home() -> None:
    for seats in (2, 8):
        engine = BatchEngine(COOP, GameSettings(seats=seats, step_limit=2000), 32, autoreset=False)
        engine.next_controller[:] = bot_code("shortest-path")
        engine.reset(seed=1, game_id=np.arange(32))
        total = np.zeros(32)
        solved = np.zeros(32, np.bool_)
        while engine.active.any():
            engine.step(np.zeros((32, seats), np.int8))
            total += engine.reward[:, 0]
            solved |= engine.terminated
            assert (engine.reward == engine.reward[:, :1]).all()
        assert solved.all()
        assert np.allclose(total, 1 - engine.steps / 2000, atol=1e-4)
