"""ExternalEpisodes over sockets: what agents live through is in Replay, as an actor writes it."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.errors import (
    OutOfRange,
)
from mazemesh.external import AgentKind, Rows
from mazemesh.external.kinds import TERMINATED, TRUNCATED
from mazemesh.games.spaces import Box, Dict, Discrete
from mazemesh.policy.onnx_policy import OnnxPolicy
from tests.servers.external_run import (
    FOUR_STEPS,
    INFINITE,
    World,
    kind,
    seen,
)
from tests.servers.running import eventually


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
        early.reward(1.0, step=1)  # of the same episode, which is over by then
        with pytest.raises(OutOfRange, match=r"step 0 .* 2\.\.4 do \(reward_lag is 2\)"):
            early.act(seen(6))


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
            # Each reward belongs to the step before it, and the first to none.
            told = world.table(run).episodes
            assert (told.ended, told.reward, told.steps) == (8, lived, lived)
