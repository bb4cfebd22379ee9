"""ExternalEpisodes over sockets: what agents live through is in Replay, as an actor writes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.external import AgentKind, Rows, Simulator
from mazemesh.external.kinds import TERMINATED, TRUNCATED
from mazemesh.games.spaces import Box, Dict, Discrete, Space
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.external_run import World, external_world
from tests.servers.model_server import running_model
from tests.servers.running import eventually

INFINITE = float("inf")
SEEN = Box((-INFINITE,), (INFINITE,), (4,))
FOUR_STEPS = {"unroll_length": 4, "unrolls_per_batch": 64, "minibatch_size": 64}


def kind(policy: str = "", action: Space | None = None) -> dict[str, AgentKind]:
    return {"cart": AgentKind(SEEN, action or Discrete(2), policy)}


def seen(step: int) -> np.ndarray:
    return np.full(4, step / 10, np.float32)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with external_world(tmp_path_factory.mktemp("external")) as world:
        yield world


@pytest.fixture
def model(world: World) -> ModelClient:
    return world.model.client


def policy_of(world: World, name: str) -> OnnxPolicy:
    version, data = world.model.client.get(name)
    assert data is not None
    return OnnxPolicy(f"{name}:{version.version}", data)


def test_an_episode_becomes_unrolls(world: World) -> None:
    run = world.begin("pole", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("pole"), name="test") as simulator:
        assert simulator.played == {"cart": ("pole:1", True)}
        episode = simulator.episode()
        actions = [int(episode.act(seen(step), reward=10.0 * step)) for step in range(6)]
        episode.end(reward=60.0, terminated=True, success=True)
        other = simulator.episode()
        actions += [int(other.act(seen(step + 6), reward=float(step))) for step in range(3)]
        other.end(reward=3.0, truncated=True, observation=seen(9))
        eventually(lambda: world.rows(run) == 2)
    rows = world.sample(run, 2)
    assert rows["reward"].tolist() == [[10, 20, 30, 40], [50, 60, 1, 2]]
    assert rows["terminated"].tolist() == [[False] * 4, [False, True, False, False]]
    assert not rows["truncated"].any()
    assert rows["success"].tolist() == [[False] * 4, [False, True, False, False]]
    assert rows["action"].reshape(-1).tolist() == actions[:8]
    np.testing.assert_allclose(rows["observation"][:, :, 0], np.arange(8).reshape(2, 4) / 10)
    np.testing.assert_array_equal(rows["last_observation"], [seen(4), seen(8)])
    policy = policy_of(world, "pole")
    observations = rows["observation"].reshape(8, 4)
    logits, _, _ = policy.infer(observations, np.ones((8, 2), np.uint8))
    expected = policy.deciding.log_probability(logits, rows["action"].reshape(8))
    np.testing.assert_allclose(
        rows["behaviour_log_probability"].reshape(8), expected, rtol=1e-4, atol=1e-5
    )


def test_a_truncated_step_has_the_value_of_what_was_seen_last(world: World) -> None:
    run = world.begin("cut", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("cut")) as simulator:
        for first in (0, 4):
            episode = simulator.episode()
            for step in range(2):
                episode.act(seen(first + step), reward=1.0)
            episode.end(reward=1.0, truncated=True, observation=seen(first + 2))
        eventually(lambda: world.rows(run) == 1)
    rows = world.sample(run, 1)
    assert rows["truncated"].tolist() == [[False, True, False, True]]
    last = np.stack([seen(2), seen(6)])
    _, value, _ = policy_of(world, "cut").infer(last, np.ones((2, 2), np.uint8))
    np.testing.assert_allclose(rows["bootstrap_value"][0, [1, 3]], value, rtol=1e-5)
    assert rows["bootstrap_value"][0, [0, 2]].tolist() == [0, 0]


def test_agents_come_and_go_and_several_policies_play(world: World) -> None:
    """Two learn, one is frozen; they are asked at different times, and one comes back."""
    first = world.begin("left", hyperparameters=FOUR_STEPS)
    second = world.begin("right", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("left")) as simulator:
        episode = simulator.episode()
        told = episode.act_all(
            {"a": seen(0), "b": seen(1), "c": seen(2)}, policies={"b": "right", "c": "left:1"}
        )
        assert set(told) == {"a", "b", "c"}
        for step in range(1, 4):
            episode.act(seen(step), reward=step, agent="a")
        episode.leave("c", reward=1.0)
        for step in range(1, 3):
            episode.act_all({"a": seen(3 + step), "b": seen(step)}, {"a": 0.5, "b": -step})
        episode.leave("b", reward=7.0)
        episode.act(seen(9), agent="b", policy="right")
        episode.end(reward=8.0, terminated=True, agent="b")
        eventually(lambda: (world.rows(first), world.rows(second)) == (1, 1))
    assert world.sample(first, 1)["reward"].tolist() == [[1, 2, 3, 0.5]]
    rows = world.sample(second, 1)
    assert rows["reward"].tolist() == [[-1, -2, 7, 8]]
    assert rows["terminated"].tolist() == [[False, False, True, True]]


def test_what_a_policy_remembers_stays_with_its_agent(world: World) -> None:
    """Agents of one turn have memories of their own, and a frozen version has one, too."""
    run = world.begin("memory", algorithm="recurrent-ppo", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("memory")) as simulator:
        for step in range(9):
            status = None if step < 8 else [TERMINATED] * 3
            simulator.turn(
                {
                    "cart": Rows(
                        [1, 2, 3],
                        np.stack([seen(step), seen(step + 50), seen(-step)]),
                        rewards=[step] * 3,
                        policies=["", "", "memory:1"],
                        status=status,
                    )
                },
                ended=[] if step < 8 else [1, 2, 3],
            )
        eventually(lambda: world.rows(run) == 4)
    rows = world.sample(run, 4)
    policy = policy_of(world, "memory")
    state = np.zeros((2, policy.state_size), np.float32)
    expected = []
    for step in range(8):
        if step % 4 == 0:
            expected.append(state)
        _, _, state = policy.infer(
            np.stack([seen(step), seen(step + 50)]), np.ones((2, 2), np.uint8), state
        )
    by_row = {
        (round(float(row[0, 0]), 1)): remembered
        for row, remembered in zip(rows["observation"], rows["state"], strict=True)
    }
    for place, observed in ((0, 0.0), (1, 0.4)):
        np.testing.assert_allclose(by_row[observed], expected[place][0], atol=1e-5)
        np.testing.assert_allclose(by_row[round(5 + observed, 1)], expected[place][1], atol=1e-5)


def test_rewards_may_be_late(world: World) -> None:
    run = world.begin("late", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("late"), reward_lag=2) as simulator:
        episode = simulator.episode()
        for step in range(4):
            episode.act(seen(step), reward=1.0)
        episode.reward(10.0, step=1)
        episode.reward(5.0)
        episode.leave(reward=1.0)
        episode.reward(100.0, step=3)
        episode.end()
        eventually(lambda: world.rows(run) == 1)
        assert world.sample(run, 1)["reward"].tolist() == [[1, 11, 1, 106]]
        early = simulator.episode()
        for step in range(5):
            early.act(seen(step))
        early.reward(1.0, step=0)
        with pytest.raises(OutOfRange, match=r"step 0 .* 2\.\.4 do \(reward_lag is 2\)"):
            early.act(seen(6))


def test_an_episode_that_fails_leaves_the_others(world: World) -> None:
    run = world.begin("others", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("others")) as simulator:
        good, bad = simulator.episode(), simulator.episode()
        for step in range(3):
            for episode in (good, bad):
                episode.act(seen(step), reward=step)
        with pytest.raises(InvalidArgument, match="not finite"):
            bad.act(np.full(4, np.nan), reward=1.0)
        with pytest.raises(InvalidArgument, match="not finite"):
            bad.act(seen(4))
        good.act(seen(3), reward=3.0)
        good.end(reward=4.0, terminated=True)
        with pytest.raises(NotFound):
            simulator.episode().act(seen(0), policy="nobody")
        with pytest.raises(InvalidArgument, match="mask allows no action"):
            simulator.episode().act(seen(0), mask=np.zeros(2, np.uint8))
        again = simulator.episode()
        again.act(seen(0))
        again.act(seen(1), reward=9.0)
        again.end()
        eventually(lambda: world.rows(run) == 1)
    assert world.sample(run, 1)["reward"].tolist() == [[1, 2, 3, 4]]
    assert simulator.broken == 0


def test_only_what_fits_is_played(world: World, model: ModelClient) -> None:
    world.begin("fits", hyperparameters=FOUR_STEPS)
    with pytest.raises(NotFound, match="nobody"):
        model.simulator(kind("nobody"))
    with pytest.raises(FailedPrecondition, match="3 choices"):
        model.simulator(kind("fits", Discrete(3)))
    seen_otherwise = AgentKind(Box((0.0,), (1.0,), (5,)), Discrete(2), "fits:1")
    with pytest.raises(FailedPrecondition, match="observation float32"):
        model.simulator({"cart": seen_otherwise})
    stranger = AgentKind(Box((0.0,), (1.0,), (4,)), Discrete(2), "fits")  # bounds do not matter
    with model.simulator({"cart": stranger}) as simulator:
        assert simulator.played["cart"] == ("fits:1", True)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (pb.SimulatorTurn(agents=[pb.AgentRows(kind="horse")]), "kind 'horse' was not described"),
        (
            pb.SimulatorTurn(agents=[pb.AgentRows(kind="cart", episodes=range(1025))]),
            "1025 rows; at most 1024",
        ),
        (
            pb.SimulatorTurn(agents=[pb.AgentRows(kind="cart", episodes=[1], rewards=[1, 2])]),
            r"agents\[0\].rewards has 2",
        ),
        (
            pb.SimulatorTurn(agents=[pb.AgentRows(kind="cart", episodes=[1], status=b"\3")]),
            "status has 3",
        ),
        (pb.SimulatorTurn(rewards=[pb.LateReward()] * 4097), "4097; at most 4096"),
        (pb.SimulatorTurn(ended_episodes=range(1025)), "ended_episodes has 1025"),
        (
            pb.SimulatorTurn(
                agents=[pb.AgentRows(kind="cart", columns=[tensor_pb2.NamedColumn()] * 8193)]
            ),
            "8193 columns",
        ),
    ],
)
def test_a_turn_that_is_none_ends_the_stream(
    world: World, turn: pb.SimulatorTurn, expected: str
) -> None:
    with world.model.client.simulator(kind()) as simulator:
        simulator._stream.send(pb.ExternalEpisodesRequest(turn=turn))  # type: ignore[union-attr]
        with pytest.raises(InvalidArgument, match=expected):
            simulator.receive(0, 30.0)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (pb.SimulatorDescription(), r"kinds has 0; expected 1\.\.64"),
        (pb.SimulatorDescription(kinds=[pb.AgentKind()] * 65), "kinds has 65"),
        (pb.SimulatorDescription(kinds=[pb.AgentKind(name="a")]), "observation_space"),
        (pb.SimulatorDescription(reward_lag=65, kinds=[pb.AgentKind()]), "reward_lag is 65"),
        (pb.SimulatorDescription(name="n" * 129, kinds=[pb.AgentKind()]), "name has 129"),
    ],
)
def test_a_description_is_bounded(
    world: World, told: pb.SimulatorDescription, expected: str
) -> None:
    with pytest.raises(InvalidArgument, match=expected):
        list(
            world.model.client._stream(
                world.model.stub.ExternalEpisodes,
                iter([pb.ExternalEpisodesRequest(simulator=told)]),
                30.0,
            )
        )


def test_an_agent_that_waits_is_not_asked_again(world: World) -> None:
    world.begin("twice", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("twice")) as simulator:
        doubled = simulator.turn({"cart": Rows([1, 1], np.zeros((2, 4)))})
        assert "stands there twice" in str(doubled.failed[1])
        turns = [simulator.send({"cart": Rows([2], [seen(0)])}) for _ in range(2)]
        failures = [simulator.receive(turn).failed for turn in turns]
        assert any("waits for an action" in str(failed.get(2)) for failed in failures)


def test_actions_of_many_columns_are_learned_from(world: World) -> None:
    spaces = """
[observation.dict.speed]
box = [2]
[observation.dict.gear]
discrete = 5
[action.dict.steer]
box = [1]
low = -1
high = 1
[action.dict.horn]
multi_binary = [2]
"""
    run = world.begin("car", spaces, hyperparameters=FOUR_STEPS)
    seen_by = Dict((("speed", Box((-INFINITE,), (INFINITE,), (2,))), ("gear", Discrete(5))))
    with world.model.client.simulator(
        {"car": AgentKind(seen_by, run.architecture.action_space, "car")}
    ) as simulator:
        episode = simulator.episode()
        for step in range(4):
            action = episode.act({"speed": np.full(2, step), "gear": step}, reward=step)
            assert set(action) == {"action.steer", "action.horn"}
            assert abs(float(action["action.steer"][0])) <= 1
        episode.end(reward=4.0, terminated=True)
        eventually(lambda: world.rows(run) == 1)
    rows = world.sample(run, 1)
    assert rows["observation.gear"].tolist() == [[0, 1, 2, 3]]
    assert rows["reward"].tolist() == [[1, 2, 3, 4]]
    assert np.isfinite(rows["behaviour_log_probability"]).all()


@pytest.mark.parametrize("algorithm", ["dqn", "r2d2", "sac", "td3"])
def test_every_way_of_collecting_has_its_rows(world: World, algorithm: str) -> None:
    continuous = algorithm in ("sac", "td3")
    spaces = "[observation]\nbox = [4]\n[action]\n"
    spaces += "box = [2]\nlow = -1\nhigh = 1" if continuous else "discrete = 2"
    name = f"by-{algorithm}"
    run = world.begin(name, spaces, algorithm=algorithm)
    steps = 200 if algorithm == "r2d2" else 12
    action = Box((-1.0,), (1.0,), (2,)) if continuous else Discrete(2)
    with world.model.client.simulator(kind(name, action)) as simulator:
        episodes = np.arange(8)
        for step in range(steps):
            simulator.turn({"cart": Rows(episodes, np.tile(seen(step), (8, 1)), rewards=[1.0] * 8)})
        ends = np.tile([TERMINATED, TRUNCATED], 4)
        simulator.turn(
            {"cart": Rows(episodes, np.tile(seen(steps), (8, 1)), rewards=[1.0] * 8, status=ends)},
            ended=episodes.tolist(),
        )
        lived = 8 * steps
        eventually(lambda: world.model.metric("external_rows_total") > 0)
        if algorithm == "r2d2":
            eventually(lambda: world.rows(run) >= 8)
        else:
            eventually(lambda: world.rows(run) == lived)


def test_the_newest_version_acts_and_another_kind_of_run_is_followed(world: World) -> None:
    run = world.begin("newest", hyperparameters=FOUR_STEPS)
    with world.model.client.simulator(kind("newest")) as simulator:
        episode = simulator.episode()
        episode.act(seen(0))
        assert episode.versions == {"": 1}
        world.publish(run, seed=1)

        def acts() -> bool:
            episode.act(seen(1))
            return episode.versions == {"": 2}

        eventually(acts)
        longer = world.begin("newest", hyperparameters={**FOUR_STEPS, "epochs": 2})
        assert longer.collection == run.collection
        episode.end()


def test_a_cut_connection_loses_the_open_episodes_alone(world: World) -> None:
    run = world.begin("wire", hyperparameters=FOUR_STEPS)
    with (
        CuttingProxy(world.model.address) as proxy,
        closing(ModelClient(proxy.address)) as model,
        model.simulator(kind("wire")) as simulator,
    ):
        done = simulator.episode()
        for step in range(3):
            done.act(seen(step), reward=step)
        done.end(reward=3.0, terminated=True)
        lost = simulator.episode()
        for step in range(3):
            lost.act(seen(10 + step), reward=10 + step)
        proxy.cut()
        with pytest.raises(Unavailable):
            lost.act(seen(13), reward=13.0)
        eventually(lambda: world.model.metric("external_streams") == 0)
        proxy.mend()
        again = simulator.episode()  # on another stream
        for step in range(2):
            again.act(seen(20 + step), reward=20 + step)
        again.end(reward=22.0, terminated=True)
        assert simulator.broken == 1
        with pytest.raises(Unavailable):
            lost.act(seen(14))
        eventually(lambda: world.rows(run) == 1)
        # What the lost one lived through counts to its last whole step, which is truncated.
        rows = world.sample(run, 1)
        assert rows["reward"].tolist() == [[1, 2, 3, 11]]
        assert rows["terminated"].tolist() == [[False, False, True, False]]
        assert rows["truncated"].tolist() == [[False, False, False, False]]
    eventually(lambda: world.model.metric("external_agents") == 0)
    assert world.model.metric("external_bytes") >= 0


def test_a_slow_simulator_stops_nobody(world: World) -> None:
    """One sends turns and reads no answer; the other goes on."""
    world.begin("slow", hyperparameters=FOUR_STEPS)
    release = threading.Event()

    def turns() -> Iterator[pb.ExternalEpisodesRequest]:
        first = pb.SimulatorDescription(kinds=[kind("slow:1")["cart"].message("cart")])
        yield pb.ExternalEpisodesRequest(simulator=first)
        row = Rows(np.arange(64), np.zeros((64, 4), np.float32))
        message = row.message("cart", kind()["cart"])
        for episode in range(1, 100):
            if release.is_set():
                return
            turn = pb.SimulatorTurn(sequence=episode, agents=[message])
            turn.ended_episodes.extend(range(64))
            yield pb.ExternalEpisodesRequest(turn=turn)
        release.wait(60)

    stuck: Any = world.model.stub.ExternalEpisodes(turns(), timeout=60)
    try:
        with world.model.client.simulator(kind("slow:1")) as simulator:
            episode = simulator.episode()
            for step in range(50):
                episode.act(seen(step))
            episode.end()
    finally:
        release.set()
        stuck.cancel()


def test_a_learner_that_takes_nothing_is_waited_for_and_told_of(world: World) -> None:
    """Others go on meanwhile; when it takes experience again, so does who waited."""
    waited: list[tuple[str, str]] = []
    small = {"unroll_length": 2, "unrolls_per_batch": 2, "minibatch_size": 4}
    run = world.begin("busy", hyperparameters=small, batches_ahead=0)
    world.begin("free", hyperparameters=FOUR_STEPS)
    client = world.model.client
    with (
        client.simulator(kind("busy"), on_waiting=lambda *told: waited.append(told)) as busy,
        client.simulator(kind("free")) as free,
    ):
        played = threading.Event()

        def play() -> None:
            episode = busy.episode()
            for step in range(40):
                episode.act(seen(step), reward=1.0)
            episode.end()
            played.set()

        playing = threading.Thread(target=play)
        playing.start()
        eventually(lambda: bool(waited), 60)
        other = free.episode()
        for step in range(10):
            other.act(seen(step))
        assert not played.is_set()
        with suppress(DeadlineExceeded):
            while not played.is_set():
                world.sample(run, 2, seconds=1)
        playing.join()
    policy, reason = waited[0]
    assert policy == "busy"
    assert "rows wait for room" in reason


def test_the_largest_turns_leave_the_event_loop_to_others(world: World) -> None:
    """1024 agents that learn begin, act and end, with as many late rewards as a turn may have."""
    many, zeros = np.arange(1024), np.zeros((1024, 4), np.float32)
    late = [(index % 1024, "cart", 0, 0, 1.0) for index in range(4096)]
    world.begin("large", hyperparameters={**FOUR_STEPS, "unrolls_per_batch": 4096})
    with world.model.client.simulator(kind("large"), reward_lag=8) as simulator:
        simulator.turn({"cart": Rows([2000], [seen(0)])}, ended=[2000])
        with event_loop_lag(world.model.thread) as lag:
            for step in range(6):
                rows = Rows(many, zeros, rewards=np.ones(1024))
                turned = simulator.turn({"cart": rows}, late=late if step else [])
                assert not turned.failed
            over = np.full(1024, TERMINATED)
            simulator.turn({"cart": Rows(many, zeros, status=over)}, ended=many.tolist())
    lag.check()


def test_a_silent_simulator_is_let_go(tmp_path: Path) -> None:
    with (
        running_model(tmp_path, external_idle_seconds=0.3, heartbeat_seconds=0.05) as model,
        model.client.simulator(kind()) as simulator,
        pytest.raises(DeadlineExceeded, match=r"said nothing for 0\.3 s"),
    ):
        simulator.receive(1, 30.0)


def test_what_is_open_is_bounded_and_handed_over_when_the_service_stops(tmp_path: Path) -> None:
    with external_world(tmp_path, external_streams=1, external_bytes=8 * 2**20) as world:
        run = world.begin("few", hyperparameters=FOUR_STEPS)
        client = world.model.client
        with client.simulator(kind("few")) as simulator:
            simulator.episode().act(seen(0))
            with pytest.raises(ResourceExhausted, match="at most 1"):
                client.simulator(kind("few"))
            told = simulator.turn({"cart": Rows(np.arange(2, 1026), np.zeros((1024, 4)))})
            assert "episodes are open; at most so many" in str(told.failed[1025])
        eventually(lambda: world.model.metric("external_streams") == 0)
        last: Simulator = client.simulator(kind("few"), reconnect_seconds=0.1)
        episode = last.episode()
        for step in range(6):
            episode.act(seen(step), reward=float(step))
        world.stop_model()
        assert world.rows(run) == 1
        with pytest.raises(Unavailable):
            episode.act(seen(6))
        last.close()
