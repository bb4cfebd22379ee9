"""Hunters and the evader, told on an open field."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import GameSettings, bot_code, get_game
from mazemesh.games.bots import EXTERNAL
from mazemesh.games.mazes.engine import BatchEngine
from tests.unit.games.mazes.stages import (
    EAST,
    NORTH,
    SOUTH,
    STAY,
    WEST,
    cells,
    open_field,
    part,
    play,
)

PURSUIT = get_game("pursuit")


def test_the_evader_is_at_place_0_and_starts_in_the_middle() -> None:
    for rotation in range(4):
        engine = open_field("pursuit", 4, rotation=rotation)
        evader = (4 - rotation) % 4
        assert cells(engine)[evader] == tuple(engine.exit[0])
        others = [engine.distance[0][cell] for cell in cells(engine)]
        assert others[evader] == 0
        assert min(others[:evader] + others[evader + 1 :]) * 2 >= engine.distance[0].max()
        assert [part(engine, seat, "evader")[3, 3] for seat in range(4)] == [
            255 if seat == evader else 0 for seat in range(4)
        ]


@pytest.mark.parametrize(
    ("evader", "hunter", "actions"),
    [
        ((2, 2), (2, 3), (STAY, WEST)),  # the hunter steps on the evader
        ((2, 2), (2, 3), (EAST, STAY)),  # the evader runs into the hunter
        ((2, 2), (2, 3), (EAST, WEST)),  # they pass through each other
        ((2, 2), (2, 4), (EAST, WEST)),  # both step on one cell
    ],
)
def test_to_meet_is_to_be_caught(evader: object, hunter: object, actions: tuple[int, int]) -> None:
    engine = open_field("pursuit", 3)
    engine.position[0] = [evader, hunter, (5, 5)]
    play(engine, *actions, STAY)
    assert engine.terminated[0]
    assert engine.reward[0].tolist() == [-1.0, 0.5, 0.5]
    assert engine.score[0].tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("actions", [(WEST, WEST), (NORTH, WEST), (STAY, STAY), (STAY, NORTH)])
def test_who_keeps_away_is_free(actions: tuple[int, int]) -> None:
    engine = open_field("pursuit", 3)
    engine.position[0] = [(2, 2), (2, 3), (5, 5)]
    play(engine, *actions, STAY)
    assert engine.active[0]
    assert not engine.reward.any()


def test_hunters_hinder_each_other() -> None:
    engine = open_field("pursuit", 3)
    engine.position[0] = [(0, 0), (2, 3), (2, 4)]
    play(engine, STAY, STAY, WEST)
    assert cells(engine)[2] == (2, 4)


def test_the_evader_wins_when_the_steps_run_out() -> None:
    engine = open_field("pursuit", 3, step_limit=2)
    engine.position[0] = [(0, 0), (5, 4), (5, 5)]
    play(engine, STAY, STAY, STAY)
    assert not engine.terminated[0]
    play(engine, STAY, STAY, STAY)
    assert engine.terminated[0]
    assert not engine.truncated[0]
    assert engine.reward[0].tolist() == [1.0, -0.5, -0.5]
    assert engine.score[0].tolist() == [1.0, 0.0, 0.0]


def test_who_is_caught_in_the_last_step_has_lost() -> None:
    engine = open_field("pursuit", 2, step_limit=1)
    engine.position[0] = [(2, 2), (2, 3)]
    play(engine, STAY, WEST)
    assert engine.score[0].tolist() == [0.0, 1.0]


def test_compasses_point_at_each_other() -> None:
    engine = open_field("pursuit", 3)
    engine.position[0] = [(2, 2), (2, 4), (5, 5)]
    play(engine, STAY, STAY, SOUTH)
    assert part(engine, 0, "compass").tolist() == [2 * 255 // 5, 0, 0, 0]
    assert part(engine, 1, "compass").tolist() == [0, 2 * 255 // 5, 0, 0]
    assert part(engine, 2, "compass").tolist() == [0, 3 * 255 // 5, 0, 3 * 255 // 5]


def test_shortest_path_takes_the_walking_distance_to_who_waits() -> None:
    engine = BatchEngine(PURSUIT, GameSettings(seats=2), 64, autoreset=False)
    engine.next_controller[:, 1] = bot_code("bot/shortest-path")
    engine.reset(seed=1, game_id=np.arange(64))
    rows, columns = engine.position[:, 1].T
    needed = engine.distance[np.arange(64), rows, columns].copy()
    caught_after = np.zeros(64, np.int32)
    while engine.active.any():
        engine.step(np.zeros((64, 2), np.int8))
        caught_after[engine.terminated] = engine.episode_steps[engine.terminated]
    assert np.array_equal(caught_after, needed)


def test_the_evading_bot_lasts_longer_than_who_waits_or_wanders() -> None:
    lasted = {}
    for bot in (EXTERNAL, bot_code("random"), bot_code("shortest-path")):
        engine = BatchEngine(PURSUIT, GameSettings(seats=2), 128, autoreset=False)
        engine.next_controller[:] = [bot, bot_code("shortest-path")]
        engine.reset(seed=1, game_id=np.arange(128))
        while engine.active.any():
            engine.step(np.zeros((128, 2), np.int8))
        lasted[bot] = float(engine.steps.mean())
    assert lasted.pop(bot_code("shortest-path")) > 1.25 * max(lasted.values())
