"""Unrated comparisons of two participants, played on a Game service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from mazemesh.analysis.tally import Tally
from mazemesh.evaluation.duel import duel, success_rate
from mazemesh.games import GameSettings, get_game
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.wire.specs import spec_to_proto
from tests.servers.game_server import FakeElo, RunningGame, running_game

GAMES = 6
SMALL = GameSettings(width=5, height=4)


class Drifter:
    """Moves at random; called "stays", it never moves."""

    greedy = False
    state_size = 0

    def __init__(self, name: str) -> None:
        self._stays = name.startswith("stays")

    def infer(
        self, observation: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], state: object
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], object]:
        logits = np.where(mask, 0.0, -1e9).astype(np.float32)
        if self._stays:
            logits[:, 0] = 1e9
        return logits, np.zeros(len(mask), np.float32), state


def load(name: str) -> OnnxPolicy:
    return cast("OnnxPolicy", Drifter(name))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    folder: Path = tmp_path_factory.mktemp("game")
    with running_game(folder, FakeElo()) as game:
        yield game


def compare(server: RunningGame, game: str, one: str, other: str, seats: int = 0) -> Tally:
    settings = replace(SMALL, seats=seats) if seats else SMALL
    spec = spec_to_proto(get_game(game), settings)
    rng = np.random.default_rng(0)
    return duel(server.client, load, spec, (one, other), GAMES, rng=rng)


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.wins, tally.draws, tally.losses


@pytest.mark.parametrize("game", ["race", "coop-keys"])
def test_a_bot_beats_who_stands_still(server: RunningGame, game: str) -> None:
    tally = compare(server, game, "stays:1", "bot/shortest-path")
    assert counts(tally) == (0, 0, GAMES)


@pytest.mark.parametrize(
    ("game", "seats", "games"),
    [("race", 3, 6), ("race", 4, 8), ("collect", 3, 6), ("ctf", 4, 6), ("pursuit", 3, 6)],
)
def test_of_any_number_of_seats_one_is_compared_with_the_other(
    server: RunningGame, game: str, seats: int, games: int
) -> None:
    """Each holds as much as the other over a maze, so what one wins the other loses."""
    one = compare(server, game, "stays:1", "bot/shortest-path", seats)
    assert one.games == games
    assert one.losses > one.wins
    other = compare(server, game, "bot/shortest-path", "stays:1", seats)
    assert counts(other) == counts(one)[::-1]
    assert one.mazes == tuple(maze[::-1] for maze in other.mazes)
    alike = compare(server, game, "stays:1", "stays:2", seats)
    assert alike.score == 0.5


def test_success_in_a_game_of_teams_is_that_of_a_team_in_every_role(server: RunningGame) -> None:
    for game, seats, rate in (("ctf", 4, 0.0), ("pursuit", 3, 0.0)):
        spec = spec_to_proto(get_game(game), replace(SMALL, seats=seats))
        rng = np.random.default_rng(0)
        found = success_rate(server.client, load, spec, "stays:1", GAMES, rng)
        assert rate <= found < 1.0


def test_alone_and_together_a_bot_may_stand_first_or_second(server: RunningGame) -> None:
    for game in ("solo", "coop-keys"):
        ahead = compare(server, game, "bot/shortest-path", "drifts:1")
        behind = compare(server, game, "drifts:1", "bot/shortest-path")
        assert (ahead.losses, behind.wins) == (0, 0)
        assert ahead.games == behind.games == GAMES
        assert ahead.wins > 0
        assert behind.losses > 0


def test_a_policy_plays_whole_teams_where_all_win_together(server: RunningGame) -> None:
    same = compare(server, "coop-keys", "stays:1", "stays:2")
    assert counts(same) == (0, GAMES, 0)
    spec = spec_to_proto(get_game("coop-keys"), SMALL)
    rng = np.random.default_rng(0)
    assert success_rate(server.client, load, spec, "stays:1", GAMES, rng) == 0.0
