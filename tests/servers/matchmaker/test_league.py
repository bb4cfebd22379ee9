"""`mazemesh league`, and what the command line does with policies that remember."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import mazemesh
from actor.cli.league import compare
from actor.cli.person import _let_play
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.errors import NotFound
from mazemesh.evaluation.duel import duel
from mazemesh.games import GameSettings, get_game
from mazemesh.policy import fetch_policy, load_policy
from mazemesh.policy.behaviour import HeldOutPlay, action_probabilities, answers
from mazemesh.policy.cache import PolicyCache
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.publishing import prepare
from mazemesh.v1.game_pb2 import GameFinished, MatchSetup
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto, spec_to_proto
from mazemesh.wire.tensors import from_tensor
from services._harness import Server, serve
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers
from services.matchmaker.settings import MatchmakerSettings
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.game_server import EVALUATION_SEED, running_game
from tests.servers.model_server import running_model
from tests.unit.matchmaker.fakes import FakeElo, FakeGame, FakeModel

SMALL = GameSettings(width=4, height=4, step_limit=10)
SPEC = get_game("race").spec(SMALL)


@pytest.fixture(scope="module")
def model_and_game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("services")
    with running_model(folder) as model, running_game(folder) as game:
        yield model.address, game.address


@pytest.fixture
async def mesh(tmp_path: Path, model_and_game: tuple[str, str]) -> AsyncIterator[Mesh]:
    model, game = model_and_game

    async def bind_matchmaker(settings: MatchmakerSettings, server: Server) -> None:
        await bind_with(settings, server, Peers(FakeGame(), FakeElo(), FakeModel()))

    async with AsyncExitStack() as stack:
        elo = await stack.enter_async_context(
            serve(EloSettings(port=0, data_dir=tmp_path), bind_elo)
        )
        matchmaker = await stack.enter_async_context(
            serve(MatchmakerSettings(port=0, data_dir=tmp_path), bind_matchmaker)
        )
        nowhere = "127.0.0.1:1"
        addresses = Addresses(game, matchmaker.address, model, elo.address, nowhere)
        yield stack.enter_context(Mesh(addresses))


def publish(mesh: Mesh, name: str, network: Network, *pool: str) -> str:
    collection = Collection(game="race", settings=settings_to_proto(SMALL), pool=pool)
    header = network.header(name, snapshot=True, collection=collection)
    version = mesh.model.publish(header, network.file())
    return f"{version.name}:{version.version}"


def network(seed: int, kind: type[Network] = RecurrentNetwork) -> Network:
    return kind(SPEC.observation_size, SPEC.num_actions, seed=seed)


async def test_a_league_by_its_training_its_games_and_its_behaviour(mesh: Mesh) -> None:
    def tell() -> dict[str, object]:
        publish(mesh, "spy", network(9, Network))
        for seed in (1, 2, 3):
            publish(mesh, "agent", network(seed), "spy")
        outcomes = {"agent:1": (3, 0, 1), "spy:1": (0, 0, 8)}
        mesh.matchmaker.sample_opponents("agent", "race", 1, outcomes)
        return compare(mesh, "agent", snapshots=3, games=4, seed=0)

    told = await asyncio.to_thread(tell)
    assert told["newest"] == "agent:3"
    training = {one["opponent"]: one["games"] for one in told["training"]}  # type: ignore[attr-defined]
    assert training == {"agent:1": 4, "spy:1": 8}
    milestones = {one["opponent"]: one for one in told["milestones"]}  # type: ignore[attr-defined]
    bots = {"bot/random", "bot/wall-follower", "bot/shortest-path"}
    assert set(milestones) == {"agent:1", "agent:2", "spy:1"} | bots
    for opponent, one in milestones.items():
        assert one["games"] == 4
        assert one["best"] in {"agent:1", "agent:2"} - {opponent}
        # Each is rounded to four digits by itself.
        difference = one["best_score"] - one["score"]
        assert one["forgetting"] == pytest.approx(difference, abs=2e-4)
    mean = np.mean([one["forgetting"] for one in milestones.values()])
    assert told["forgetting"] == pytest.approx(mean, abs=1e-3)
    assert 0.0 <= told["effective_diversity"] <= 0.5  # type: ignore[operator]
    assert 0.01 < told["behavioural_diversity"] < 1.0  # type: ignore[operator]


async def test_one_snapshot_is_not_a_league(mesh: Mesh) -> None:
    await asyncio.to_thread(publish, mesh, "lonely", network(1))
    with pytest.raises(NotFound, match="'lonely' has 1 snapshots and should have two"):
        await asyncio.to_thread(compare, mesh, "lonely", 3, 0, 0)


async def test_a_policy_that_remembers_is_published_on_what_it_remembers(
    mesh: Mesh, tmp_path: Path
) -> None:
    """The parity rows hold states that earlier steps left, not the zeros of a first step."""
    default = get_game("race").spec()
    path = tmp_path / "mine.onnx"
    path.write_bytes(RecurrentNetwork(default.observation_size, default.num_actions).file())
    publication = prepare(path, "mine", "race")
    state = from_tensor(publication.header.parity.state, "state")
    assert len(np.unique(state, axis=0)) > 16
    published = await asyncio.to_thread(publication.send, mesh.model)
    assert (published.policy, published.snapshot) == ("mine:1", True)
    cached = await asyncio.to_thread(PolicyCache(mesh.model).get, published.policy)
    assert cached.state_size == 16


async def test_a_file_is_published_and_fetched_in_two_lines(mesh: Mesh, tmp_path: Path) -> None:
    default = get_game("race").spec()
    path = tmp_path / "own.onnx"
    path.write_bytes(Network(default.observation_size, default.num_actions).file())
    publish_file = partial(mazemesh.publish, path, name="own", game="race", mesh=mesh)
    published = await asyncio.to_thread(publish_file, snapshot=False)
    assert (published.policy, published.q_values, published.snapshot) == ("own:1", False, False)
    policy = await asyncio.to_thread(fetch_policy, mesh.model, "own")
    assert policy.reference == "own:1"
    assert policy.digest == load_policy(path).digest


async def test_policies_that_remember_play_each_other(mesh: Mesh) -> None:
    def play() -> int:
        pair = publish(mesh, "one", network(1)), publish(mesh, "two", network(2, Network))
        spec = spec_to_proto(get_game("race"), SMALL)
        load = PolicyCache(mesh.model).get
        return duel(mesh.game, load, spec, pair, 6, rng=np.random.default_rng(0)).games

    assert await asyncio.to_thread(play) == 6


async def test_a_person_meets_an_opponent_that_remembers(mesh: Mesh) -> None:
    """Turn by turn its state is the one that it left, from zeros on."""
    states: list[np.ndarray] = []

    class Noting(OnnxPolicy):
        def infer(self, observation, action_mask, state=None):  # type: ignore[no-untyped-def]
            states.append(state.copy())
            answer = super().infer(observation, action_mask, state)
            left.append(answer[2].copy())
            return answer

    left: list[np.ndarray] = []

    def play() -> int:
        settings = settings_to_proto(SMALL)
        setup = MatchSetup(
            match_id="person/1",
            game="race",
            settings=settings,
            seed=EVALUATION_SEED,
            participants=["player/you", "mine:1"],
            rotations=1,
        )
        created = mesh.game.create([setup])[0].games[0]
        policy = Noting("mine:1", network(3).file())
        person, opponent = created.seat_tokens
        arguments = (mesh.game, opponent, policy, threading.Event())
        thread = threading.Thread(target=_let_play, args=arguments)
        thread.start()
        turns = 0
        with mesh.game.play(person) as seat:
            while not isinstance(turn := seat.receive(), GameFinished):
                seat.act(turn.step, int(np.frombuffer(turn.action_mask, np.uint8).argmax()))
                turns += 1
        thread.join(30)
        assert not thread.is_alive()
        return turns

    turns = await asyncio.to_thread(play)
    assert len(states) == turns > 1
    assert not states[0].any()
    for before, after in zip(left, states[1:], strict=False):
        np.testing.assert_array_equal(before, after)
    assert states[-1].any()


def test_held_out_play_is_the_same_each_time_and_forgets_between_episodes() -> None:
    play, again = (HeldOutPlay.record(get_game("race"), SMALL, 3, 25) for _ in range(2))
    np.testing.assert_array_equal(play.observation, again.observation)
    assert play.begins[0].all()
    assert play.begins[1:].any()
    policy = OnnxPolicy("a:1", network(1).file())
    for step, answered in enumerate(answers(policy, play)):
        assert not answered.state[play.begins[step]].any()
        assert answered.state[~play.begins[step]].any(axis=1).all()


def test_probabilities_are_those_of_acting() -> None:
    play = HeldOutPlay.record(get_game("race"), SMALL, 3, 6)
    drawn = OnnxPolicy("a:1", network(1).file())
    best = OnnxPolicy("a:1", network(1).file(), greedy=True)
    soft, hard = (action_probabilities(one, play) for one in (drawn, best))
    assert soft.shape == (6 * 3 * SPEC.seats, SPEC.num_actions)
    np.testing.assert_allclose(soft.sum(axis=1), 1.0)
    legal = play.action_mask.reshape(-1, SPEC.num_actions) == 1
    assert (soft[~legal] == 0).all()
    np.testing.assert_array_equal(hard.max(axis=1), 1.0)
    np.testing.assert_array_equal(hard.argmax(axis=1), soft.argmax(axis=1))
