"""Flags: taken, lost, brought home."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, bot_code, get_game
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

CTF = get_game("ctf")


def _beside(base: tuple[int, int]) -> tuple[tuple[int, int], int]:
    """A cell beside a base, and the action that leads there from it."""
    row, column = base
    return ((row, column - 1), EAST) if column else ((row, column + 1), WEST)


def _stage(seats: int = 2, **values: object) -> tuple[BatchEngine, list[tuple[int, int]]]:
    engine = open_field("ctf", seats, **values)
    exit_cell, base = engine.exit[0], engine.base[0]
    return engine, [(int(row), int(column)) for row, column in (exit_cell, base)]


@pytest.mark.parametrize("seats", [2, 4, 8])
@pytest.mark.parametrize("rotation", [0, 1])
def test_teams_start_around_their_bases(seats: int, rotation: int) -> None:
    engine, bases = _stage(seats, rotation=rotation)
    assert engine.distance[0][bases[1]] == engine.distance[0].max()
    assert len(set(cells(engine))) == seats
    for team in range(2):
        members = [cells(engine)[seat] for seat in range(seats) if (seat + rotation) % 2 == team]
        assert bases[team] in members
        steps = [
            abs(row - bases[team][0]) + abs(column - bases[team][1]) for row, column in members
        ]
        assert max(steps) <= 2


def test_a_flag_is_taken_and_brought_home() -> None:
    engine, bases = _stage()
    outside, step_in = _beside(bases[1])
    engine.position[0] = [outside, bases[1]]
    play(engine, step_in, STAY)
    assert engine.tally[0].tolist() == [1, 0]
    assert part(engine, 0, "flags").tolist() == [255, 0, 0]
    assert part(engine, 1, "flags").tolist() == [0, 0, 255]
    assert part(engine, 0, "enemy_flag")[3, 3] == 255
    outside, step_in = _beside(bases[0])
    engine.position[0] = [outside, (3, 3)]
    play(engine, step_in, STAY)
    assert engine.terminated[0]
    assert engine.reward[0].tolist() == [1.0, -1.0]
    assert engine.score[0].tolist() == [1.0, 0.0]


def test_without_a_flag_home_is_just_a_cell() -> None:
    engine, bases = _stage()
    outside, step_in = _beside(bases[0])
    engine.position[0] = [outside, (3, 3)]
    play(engine, step_in, STAY)
    assert engine.active[0]


@pytest.mark.parametrize(
    ("carrier", "other", "actions", "keeps"),
    [
        ((2, 2), (2, 3), (STAY, WEST), 0),  # stepped on
        ((2, 2), (2, 3), (EAST, WEST), 0),  # passed through
        ((2, 2), (2, 4), (EAST, WEST), 0),  # both on one cell
        ((2, 2), (2, 3), (EAST, STAY), 1),  # who waits tags nobody
        ((2, 2), (2, 3), (NORTH, WEST), 1),  # missed
    ],
)
def test_a_carrier_loses_the_flag_to_an_opponent_that_moves(
    carrier: object, other: object, actions: tuple[int, int], keeps: int
) -> None:
    engine, bases = _stage(seed=_seed_with_bases_outside())
    assert not {(2, 2), (2, 3), (2, 4), (1, 2)} & set(bases)
    engine.position[0] = [carrier, other]
    engine.tally[0] = [1, 0]
    play(engine, *actions)
    assert engine.tally[0].tolist() == [keeps, 0]


def _seed_with_bases_outside() -> int:
    """A seed whose bases are out of the way of the scene above."""
    for seed in range(50):
        engine = open_field("ctf", 2, seed=seed)
        if {int(engine.exit[0, 0]), int(engine.base[0, 0])} <= {0, 4, 5}:
            return seed
    raise AssertionError("no such seed")


def test_carriers_that_meet_both_lose() -> None:
    engine, _ = _stage(seed=_seed_with_bases_outside())
    engine.position[0] = [(2, 2), (2, 3)]
    engine.tally[0] = [1, 1]
    play(engine, EAST, WEST)
    assert engine.tally[0].tolist() == [0, 0]


def test_two_captures_in_one_step_are_a_draw() -> None:
    engine, bases = _stage()
    ways = [_beside(base) for base in bases]
    engine.position[0] = [ways[0][0], ways[1][0]]
    engine.tally[0] = [1, 1]
    play(engine, ways[0][1], ways[1][1])
    assert engine.terminated[0]
    assert engine.reward[0].tolist() == [0.0, 0.0]
    assert engine.score[0].tolist() == [0.5, 0.5]


def test_a_team_wins_and_loses_together() -> None:
    engine, bases = _stage(4)
    outside, step_in = _beside(bases[1])
    engine.position[0] = [(3, 3), outside, (3, 2), (2, 2)]
    engine.tally[0] = [0, 1, 0, 0]
    assert engine.spec.teams == (0, 1, 0, 1)
    play(engine, STAY, step_in, STAY, SOUTH)
    assert engine.score[0].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert engine.reward[0].tolist() == [-1.0, 1.0, -1.0, 1.0]


def test_shortest_path_fetches_the_flag_there_and_back() -> None:
    engine = BatchEngine(CTF, GameSettings(step_limit=1000), 64, autoreset=False)
    engine.next_controller[:, 0] = bot_code("shortest-path")
    engine.reset(seed=1, game_id=np.arange(64))
    needed = 2 * engine.distance.max(axis=(1, 2))
    won_after = np.zeros(64, np.int32)
    while engine.active.any():
        engine.step(np.zeros((64, 2), np.int8))
        won_after[engine.score[:, 0] == 1.0] = engine.steps[engine.score[:, 0] == 1.0]
    assert np.array_equal(won_after, needed)


@pytest.mark.parametrize("seats", [3, 5, 7])
def test_teams_are_of_equal_size(seats: int) -> None:
    with pytest.raises(InvalidArgument, match=f"seats: {seats} should be a multiple of 2"):
        CTF.spec(GameSettings(seats=seats))
