"""What a simulator may not say, who plays whom, and that others go on."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from mazemesh.external import AgentKind, Rows
from mazemesh.games.spaces import Box, Discrete
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from tests.servers.external_run import (
    FOUR_STEPS,
    World,
    kind,
    seen,
)
from tests.servers.running import eventually


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
