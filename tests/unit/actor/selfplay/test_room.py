"""Sessions and writes are cut by their bytes, whatever is to be seen in a game."""

from __future__ import annotations

import dataclasses

import pytest

from actor.selfplay.room import (
    COLLECTED_BYTES,
    STEP_BYTES,
    WRITE_BYTES,
    affordable_games,
    shares,
    write_rows,
)
from mazemesh.client.channel import MAX_MESSAGE_BYTES
from mazemesh.errors import InvalidArgument
from mazemesh.experience import unroll_signature
from mazemesh.games import GameSettings, GameSpec, get_game
from mazemesh.games.spaces import Box, Discrete
from services.game.play.message_size import check_answer_fits

RACE = get_game("race").spec()
ATARI = 210 * 160 * 3


def pictures(size: int, seats: int = 1, dtype: str = "uint8") -> GameSpec:
    return dataclasses.replace(
        RACE,
        observation_size=size,
        observation_dtype=dtype,
        observation_space=Box((0.0,), (255.0,), (size,), dtype),
        action_space=Discrete(18),
        seats=seats,
        num_actions=18,
    )


@pytest.mark.parametrize(
    ("games", "expected"), [(2, [2]), (127, [127]), (128, [64, 64]), (257, [128, 129])]
)
def test_mazes_are_played_in_two_sessions_where_that_pays(games: int, expected: list[int]) -> None:
    assert shares(games, RACE) == expected


@pytest.mark.parametrize("games", [2, 127, 128, 256, 4096])
@pytest.mark.parametrize("seats", [1, 2, 8])
def test_no_session_is_larger_than_a_message(games: int, seats: int) -> None:
    spec = pictures(ATARI, seats)
    sessions = shares(games, spec)
    assert sum(sessions) == games
    assert max(sessions) - min(sessions) <= 1
    assert max(sessions) * spec.step_bytes <= STEP_BYTES < MAX_MESSAGE_BYTES


def test_the_server_counts_no_more() -> None:
    race = get_game("race")
    spec = race.spec()
    most = STEP_BYTES // spec.step_bytes
    check_answer_fits(race, GameSettings(), most)


def test_a_game_that_is_larger_than_a_message_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="game race: a step of one game takes 640000"):
        shares(4, pictures(8_000_000, dtype="float32"))


def test_writes_and_games_are_cut_by_the_bytes_of_a_row() -> None:
    row = unroll_signature(32, ATARI, 18).row_bytes
    assert row > 3_000_000
    assert write_rows(128, row) == WRITE_BYTES // row == 5
    assert 128 * row > MAX_MESSAGE_BYTES > 5 * row
    assert write_rows(0, row) == 5
    assert write_rows(128, WRITE_BYTES * 2) == 1
    assert 2 <= affordable_games(4096, row) * 2 * row <= COLLECTED_BYTES
    assert affordable_games(4096, COLLECTED_BYTES) == 2
    small = unroll_signature(32, 250, 5).row_bytes
    assert write_rows(128, small) == 128
    assert affordable_games(4096, small) == 4096
