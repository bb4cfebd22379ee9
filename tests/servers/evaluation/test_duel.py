"""Unrated comparisons of two participants, played on a Game service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto, helper, numpy_helper

from mazemesh.analysis.tally import Tally
from mazemesh.client.game.game import GameClient
from mazemesh.evaluation.duel import duel, success_rate
from mazemesh.evaluation.matches import play_matches
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.games.spaces import Box, Discrete
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.sampling import sample
from mazemesh.v1.game_pb2 import MatchSetup
from mazemesh.wire.specs import spec_to_proto
from tests.servers.game_server import FakeElo, RunningGame, running_game

GAMES = 6
SMALL = GameSettings(width=5, height=4)


class Drifter:
    """Moves at random; called "stays", it never moves."""

    greedy = False
    state_size = 0
    deciding = Deciding(Discrete(5))

    def __init__(self, name: str) -> None:
        self._stays = name.startswith("stays")

    def seen(
        self, columns: dict[str, npt.NDArray[np.uint8]]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        return columns["observation"], columns["action_mask"]

    def act(
        self,
        observation: npt.NDArray[np.uint8],
        mask: npt.NDArray[np.uint8],
        state: object,
        *,
        rng: np.random.Generator,
        temperature: float,
    ) -> tuple[object, object]:
        logits = np.where(mask, 0.0, -1e9).astype(np.float32)
        if self._stays:
            logits[:, 0] = 1e9
        return sample(logits, temperature, rng), state


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


REACH = "pettingzoo:tests.foreign_spaces:Reach"


def aiming() -> OnnxPolicy:
    """A policy of two numbers, written node by node: nearly always the right ones."""
    floats = TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("observation.place", floats, ["batch", 1]),
        helper.make_tensor_value_info("observation.side", TensorProto.INT8, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info(name, floats, ["batch", *shape])
        for name, shape in (("mean", [2]), ("log_std", [2]), ("value", []))
    ]
    numbers = {"six": 6.0, "two": 2.0, "small": -9.0, "zero": 0.0}
    nodes = [
        helper.make_node("Cast", ["observation.side"], ["value"], to=floats),
        helper.make_node("Mul", ["value", "six"], ["up"]),
        helper.make_node("Add", ["up", "two"], ["height"]),
        helper.make_node("Unsqueeze", ["height", "one"], ["second"]),
        helper.make_node("Concat", ["observation.place", "second"], ["mean"], axis=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "small"], ["log_std"]),
    ]
    constants = [
        numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in numbers.items()
    ]
    constants.append(numpy_helper.from_array(np.array([1], np.int64), "one"))
    graph = helper.make_graph(nodes, "policy", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    space = Box((-2.0, 0.0), (2.0, 10.0), (2,))
    return OnnxPolicy("aims:1", model.SerializeToString(), action_space=space)


def test_a_policy_of_continuous_actions_plays_its_matches(tmp_path: Path) -> None:
    policy = aiming()
    seen: dict[str, npt.NDArray[Any]] = {
        "observation.place": np.array([[0.5]], np.float32),
        "observation.side": np.ones(1, np.int8),
    }
    actions, _ = policy.act(*policy.seen(seen))
    assert isinstance(actions, np.ndarray)
    assert actions.tolist() == [[0.5, 8.0]]
    with running_game(tmp_path, FakeElo(), foreign_games=(REACH,)) as server:
        setups = [
            MatchSetup(
                match_id=f"m{number}",
                game=REACH,
                participants=["aims:1"],
                seed=seeds.seed(Purpose.EVALUATION, number),
            )
            for number in range(4)
        ]
        matches = list(zip(setups, server.client.create(setups), strict=True))
        load_one, rng = {"aims:1": policy}.__getitem__, np.random.default_rng(0)
        played = play_matches(server.client, load_one, matches, temperature=1.0, rng=rng)
        assert [one.steps for one in played] == [8] * 4


class Afar(GameClient):
    """A client as it is on another machine."""

    @property
    def near(self) -> bool:
        return False

    def at(self, address: str) -> GameClient:
        return self


def test_from_another_machine_games_come_packed_and_are_played_alike(server: RunningGame) -> None:
    spec = spec_to_proto(get_game("race"), SMALL)
    shown: list[npt.NDArray[np.uint8]] = []

    class Noting(Drifter):
        def seen(
            self, columns: dict[str, npt.NDArray[np.uint8]]
        ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
            shown.append(columns["observation"])
            return super().seen(columns)

    found = []
    with closing(Afar(server.address)) as afar:
        for client in (server.client, afar):
            shown.clear()
            tally = duel(
                client,
                lambda name: cast("OnnxPolicy", Noting(name)),
                spec,
                ("one:1", "other:2"),
                GAMES,
                rng=np.random.default_rng(3),
            )
            found.append((counts(tally), [each.copy() for each in shown]))
    (near, plain), (far, unpacked) = found
    assert near == far
    assert len(plain) == len(unpacked)
    assert all(np.array_equal(*pair) for pair in zip(plain, unpacked, strict=True))
