"""Opponents in training, with the real Game and Model services: who they are, and what they keep.

The experience itself says by its digests which files were met.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from prometheus_client import CollectorRegistry

from actor.metrics import ActorMetrics
from actor.selfplay.opponents.supply import OpponentSupply
from actor.selfplay.seats.crew import Trainee
from actor.selfplay.seats.seat_plan import SeatPlan
from actor.selfplay.selfplay import TrainingGames
from mazemesh.collecting.acting import SoftmaxActing
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import Experience
from mazemesh.experience import policy_digest, unroll_signature
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.policy.cache import PolicyCache
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.onnx_policy import Float, Observation, OnnxPolicy
from mazemesh.v1.matchmaker_pb2 import Opponent
from mazemesh.v1.model_pb2 import Collection, UnrollCollection
from mazemesh.wire.specs import settings_to_proto
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.game_server import RunningGame, running_game
from tests.servers.model_server import RunningModel, running_model

SETTINGS = GameSettings(width=5, height=5, step_limit=12)
SPEC = get_game("race").spec(SETTINGS)
GAMES, LENGTH = 6, 5
HIDDEN = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as running:
        yield running


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game")) as running:
        yield running


class Names:
    """A Matchmaker that gives the same names in turn."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.answered = threading.Event()

    def sample_opponents(
        self,
        student: str,
        game: str,
        count: int,
        outcomes: Mapping[str, tuple[int, int, int]],
        request_id: str,
        pool: Sequence[str] = (),
        exploits: str = "",
        sides: int = 2,
        adversaries: Sequence[str] = (),
        *,
        exploits_pool: bool = False,
    ) -> Sequence[Opponent]:
        self.answered.set()
        return [Opponent(policy=self._names[i % len(self._names)]) for i in range(count)]


def plan_of(*names: str) -> SeatPlan:
    """Seats of games against these opponents, as many episodes as a test plays."""
    peer, stop = Names(*names), threading.Event()
    supply = OpponentSupply(peer, "race", "race", stop, stock=4096)
    thread = threading.Thread(target=supply.fill)
    thread.start()
    assert peer.answered.wait(20)
    stop.set()
    thread.join(20)
    return SeatPlan(GAMES, SPEC.seats, supply, student="race")


def publish(
    model: RunningModel,
    network: Network,
    name: str = "race",
    settings: GameSettings = SETTINGS,
) -> str:
    """The reference of a new snapshot."""
    collection = Collection(
        game="race",
        settings=settings_to_proto(settings),
        table=name,
        unroll=UnrollCollection(length=LENGTH),
    )
    header = network.header(name, snapshot=True, collection=collection)
    version = model.client.publish(header, network.file())
    return f"{version.name}:{version.version}"


def network(seed: int, kind: type[Network] = RecurrentNetwork) -> Network:
    return kind(SPEC.observation_size, SPEC.num_actions, HIDDEN, seed)


def training(
    game: RunningGame,
    plan: SeatPlan,
    current: Callable[[], OnnxPolicy],
    load: Callable[[str], OnnxPolicy],
) -> TrainingGames:
    seed = seeds.seed(Purpose.TRAINING, 3)
    session = game.client.open_session(
        "race", SETTINGS, GAMES, seed, controllers=plan.controllers()
    )
    rng = np.random.default_rng(0)
    signature = unroll_signature(
        LENGTH,
        SPEC.observation_size,
        SPEC.num_actions,
        state_size=current().state_size,
        opponents=True,
    )
    collector = OwnPaceUnrollCollector(GAMES * SPEC.seats, signature, Shown.of(SPEC), GAMES)
    metrics = ActorMetrics(CollectorRegistry())
    trainees = [Trainee(current, SoftmaxActing(rng), collector)]
    return TrainingGames(session, session.step, plan, trainees, load, metrics, rng)


def digest_at(model: RunningModel, reference: str) -> int:
    """By the hash that the Model service tells, not by any file."""
    return int(model.client.describe(reference).sha256[:16], 16)


def test_a_frozen_opponent_is_the_same_file_from_beginning_to_end(
    model: RunningModel, game: RunningGame
) -> None:
    frozen = publish(model, network(1))
    before = digest_at(model, frozen)
    cache = PolicyCache(model.client)
    student = [cache.get(frozen)]
    games = training(game, plan_of(frozen), lambda: student[0], cache.get)
    found: list[Experience] = []
    versions = {frozen}
    for turn in range(6 * LENGTH + 1):
        if turn in (8, 16, 24):  # the student learns on
            newest = publish(model, network(turn))
            versions.add(newest)
            student[0] = cache.get(newest)
        (experience,) = games.turn()
        if experience is not None:
            found.append(experience)
    met = np.concatenate([one.columns["opponent"].ravel() for one in found])
    acted = np.concatenate([one.policy_versions for one in found])
    assert len(met) == len(found) * GAMES * LENGTH > 150
    assert (met == before).all()
    assert digest_at(model, frozen) == before
    assert len(set(acted.tolist())) >= 3
    others = {digest_at(model, reference) for reference in versions - {frozen}}
    assert len(others) == 3
    assert before not in others


def test_each_episode_has_one_opponent_and_bots_are_told_apart(
    model: RunningModel, game: RunningGame
) -> None:
    first, second = publish(model, network(2), "a"), publish(model, network(3, Network), "b")
    cache = PolicyCache(model.client)
    plan = plan_of(first, "bot/random", second, first, second)
    games = training(game, plan, lambda: cache.get(first), cache.get)
    found = [one for _ in range(8 * LENGTH) if (one := games.turn()[0]) is not None]
    columns = {
        name: np.concatenate([one.columns[name] for one in found], axis=1)
        for name in ("opponent", "terminated", "truncated")
    }
    known = {digest_at(model, first), digest_at(model, second), policy_digest(b"bot/random")}
    met, ended = columns["opponent"], columns["terminated"] | columns["truncated"]
    assert set(met.ravel().tolist()) == known
    changes = met[:, 1:] != met[:, :-1]
    assert changes.any()
    assert (ended[:, :-1] | ~changes).all()


class Counting:
    """A policy that counts its calls in its state, and notes each state it was given.

    Hand-written in the place of `OnnxPolicy`, to see what is asked of it.
    """

    greedy = False
    state_size = 2
    deciding = Deciding(SPEC.action_space)

    def __init__(self, version: int) -> None:
        self.version, self.digest = version, version
        self.asked: list[npt.NDArray[np.float32]] = []

    def infer(
        self, observation: Observation, action_mask: npt.NDArray[np.uint8], state: Float
    ) -> tuple[Float, Float, Float]:
        self.asked.append(state.copy())
        logits = np.where(action_mask == 1, 0.0, -1e9).astype(np.float32)
        step = np.array([1, self.version], np.float32)
        return logits, np.zeros(len(state), np.float32), state + step


def test_opponent_and_student_remember_for_themselves_and_forget_at_the_end(
    game: RunningGame,
) -> None:
    """Both count their own steps of the present episode: never each other's, never an older one's.

    Only what the student saw and remembered is recorded.
    """
    student, opponent = Counting(1), Counting(5)
    games = training(
        game,
        plan_of("other:5"),
        lambda: student,  # type: ignore[arg-type, return-value]
        lambda name: opponent,  # type: ignore[arg-type, return-value]
    )
    age = np.zeros(GAMES, np.float32)
    recorded: list[npt.NDArray[np.float32]] = []
    for _ in range(6 * LENGTH):
        # What each was asked in the step that this turn ends.
        np.testing.assert_array_equal(opponent.asked[-1], np.stack([age, 5 * age], axis=1))
        np.testing.assert_array_equal(student.asked[-1][:GAMES], np.stack([age, age], axis=1))
        recorded.append(age.copy())
        (experience,) = games.turn()
        status = games._session.step.status  # type: ignore[attr-defined]
        age = np.where(status == 0, age + 1, 0).astype(np.float32)
        if experience is not None:
            state = experience.columns["state"]
            np.testing.assert_array_equal(state[:, 0], recorded[-LENGTH])
            np.testing.assert_array_equal(state[:, 1], recorded[-LENGTH])
            assert experience.rows == GAMES
    assert min(one.min() for one in recorded[12:]) == 0


@pytest.mark.parametrize("opponent", ["gone:999", "wide:1"])
def test_a_stand_in_is_told_by_its_own_digest_and_its_outcome_by_nobody(
    model: RunningModel, game: RunningGame, opponent: str
) -> None:
    """Neither a snapshot that is gone nor one that sees other things is what the student meets."""
    present = publish(model, network(4), "c")
    publish(model, network(5), "gone")
    wide = GameSettings(width=5, height=5, step_limit=12, view=9)
    sees = get_game("race").spec(wide).observation_size
    publish(model, Network(sees, SPEC.num_actions), "wide", wide)
    cache = PolicyCache(model.client, spec_hash=SPEC.spec_hash)
    plan = plan_of(opponent)
    games = training(game, plan, lambda: cache.get(present), cache.get)
    found = [one for _ in range(2 * LENGTH) if (one := games.turn()[0]) is not None]
    met = np.concatenate([one.columns["opponent"].ravel() for one in found])
    assert set(met.tolist()) == {digest_at(model, present)}
    assert set(plan.opponent) == {""}
    assert plan._parts[0].supply._drain() == {}  # type: ignore[attr-defined]
