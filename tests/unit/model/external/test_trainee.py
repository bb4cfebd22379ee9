"""Which row of experience an agent's steps go into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mazemesh.collecting.step import Experience
from mazemesh.errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from mazemesh.games.spaces import Box, Discrete
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.external_spaces import external_to_proto
from services.model.external.agents import Agent, Moment, Step
from services.model.external.kinds import Kind
from services.model.external.simulator import Ask, by_policy
from services.model.external.trainee import BLOCK_ROWS, Place, Trainee
from services.model.external.turns import TERMINATED
from services.model.inference.layout import Column, Given, Layout
from services.model.wire.external.external_collection import CollectionMethod
from tests.servers.event_loop_lag import event_loop_lag

SEEN, DONE = Box((0.0,), (9.0,), (1,)), Discrete(2)
KIND = Kind("cart", SEEN, DONE)
NEVER = 2**40


class Kept:
    """In place of a recorder."""

    def __init__(self) -> None:
        self.rows: list[Experience] = []

    def put(self, experience: Experience) -> None:
        self.rows.append(experience)


def trainee(length: int = 4) -> tuple[Trainee, Kept]:
    collection = pb.Collection(
        unroll=pb.UnrollCollection(length=length), external=external_to_proto(SEEN, DONE)
    )
    kept: Any = Kept()
    method = CollectionMethod(collection)
    return Trainee("pole", b"", method, 0, kept, np.random.default_rng(0)), kept


async def play(one: Trainee, place: Place, first: int, steps: int) -> None:
    """An episode whose observations and rewards count from `first`."""
    agent = Agent(KIND, "pole:latest", learns=True)
    for step in range(steps):
        seen = np.full(1, first + step, np.float32)
        agent.begin(Moment(seen, np.ones(2, np.uint8)), np.int8(0), np.zeros(2, np.float32), 1)
        agent.earn(first + step)
    agent.end(TERMINATED, success=False)
    agent.finish(None)
    await one.learn([(place, step) for step in agent.take(0)])
    one.give_back(place)


async def test_one_agent_after_the_other_fills_a_row() -> None:
    one, kept = trainee()
    for episode in range(4):
        await play(one, one.take_place(NEVER), 10 * episode, 3)
    (first, second, third) = kept.rows
    rewards = [row.columns["reward"][0].tolist() for row in (first, second, third)]
    assert rewards == [[0, 1, 2, 10], [11, 12, 20, 21], [22, 30, 31, 32]]
    assert third.columns["terminated"][0].tolist() == [True, False, False, True]


async def test_agents_at_the_same_time_have_rows_of_their_own() -> None:
    one, kept = trainee()
    places = [one.take_place(NEVER) for _ in range(BLOCK_ROWS + 1)]
    assert len({place.row for place in places}) == BLOCK_ROWS + 1
    for number, place in enumerate(places):
        await play(one, place, number, 4)
    assert len(kept.rows) == BLOCK_ROWS + 1
    assert kept.rows[-1].columns["reward"][0, 0] == BLOCK_ROWS


def test_room_for_further_rows_is_bounded() -> None:
    one, _ = trainee()
    for _ in range(BLOCK_ROWS):
        one.take_place(0)
    with pytest.raises(ResourceExhausted, match="learns from 64 agents"):
        one.take_place(one.block_bytes - 1)
    one.take_place(one.block_bytes)


async def test_steps_of_several_versions_and_agents_go_together() -> None:
    one, kept = trainee(length=2)
    agents = [Agent(KIND, "pole:latest", learns=True) for _ in range(3)]
    places = [one.take_place(NEVER) for _ in agents]
    for step in range(3):
        for number, agent in enumerate(agents):
            seen = np.full(1, step, np.float32)
            logits = np.zeros(2, np.float32)
            version = step + number
            agent.begin(Moment(seen, np.ones(2, np.uint8)), np.int8(1), logits, version)
    await one.learn(
        [(place, step) for agent, place in zip(agents, places, strict=True) for step in agent.cut()]
    )
    versions = sorted(int(row.policy_versions[0]) for row in kept.rows)
    assert versions == [0, 1, 2]
    assert all(row.columns["truncated"][0].tolist() == [False, True] for row in kept.rows)


async def test_many_agents_that_end_at_once_leave_the_event_loop_to_others() -> None:
    """1024 with 64 steps each, as they hold them where rewards may be late."""
    one, kept = trainee(length=64)
    moment = Moment(np.zeros(1, np.float32), np.ones(2, np.uint8))
    action, logits = np.int8(1), np.zeros(2, np.float32)
    places = [one.take_place(NEVER) for _ in range(1024)]
    steps = [
        (place, Step(number, moment, action, logits, 1, reward=number, after=moment))
        for place in places
        for number in range(64)
    ]
    with event_loop_lag() as lag:
        first = one.learn(steps)
        assert not one.is_idle
        await one.learn([(places[0], Step(64, moment, action, logits, 1, after=moment))])
        assert first.done()
        await one.learned()
    assert one.is_idle
    lag.check()
    assert sum(row.rows for row in kept.rows) == 1024
    assert all(
        (row.columns["reward"] == np.arange(64, dtype=np.float32)).all() for row in kept.rows
    )


def test_who_learns_is_not_asked_with_who_does_not() -> None:
    moment = Moment(np.zeros(1, np.float32), np.ones(2, np.uint8))
    agents = [Agent(KIND, "pole:latest", learns=learns) for learns in (True, False, True)]
    asks = [Ask(agent, 1, number, moment, number % 2, 0) for number, agent in enumerate(agents)]
    together = [
        [ask.number for ask in asked]
        for _, asked in by_policy([(KIND, asks[::2]), (KIND, asks[1::2])])
    ]
    assert together == [[0, 2], [1]]


def test_a_kind_reads_its_columns_and_no_others() -> None:
    data = np.zeros(2, np.float32).tobytes()
    seen = Given("observation", "float32", data)
    observation, mask = KIND.read([seen], 2)
    assert observation.shape == (2, 1)
    assert mask.tolist() == [[1, 1], [1, 1]]
    for given, expected in (
        ([], "no 'observation'"),
        ([seen, seen], "twice"),
        ([seen, Given("speed", "float32", data)], "'speed'"),
        ([Given("observation", "float64", data)], "float64"),
        ([Given("observation", "float32", data[:4])], "4 bytes; expected"),
    ):
        with pytest.raises(InvalidArgument, match=expected):
            KIND.read(given, 2)


def test_a_kind_knows_what_nobody_can_act_on() -> None:
    observation = np.array([[0.0], [np.nan], [np.inf], [1.0]], np.float32)
    mask = np.array([[1, 1], [1, 1], [1, 1], [0, 0]], np.uint8)
    assert KIND.unusable(observation, mask).tolist() == [False, True, True, True]


def test_bounds_count_for_actions_alone() -> None:
    kind = Kind("car", Box((0.0,), (1.0,), (2,)), Box((-1.0,), (1.0,), (1,)))
    kind.check_learner(Box((-5.0,), (5.0,), (2,)), Box((-1.0000001,), (1.0,), (1,)), "car")
    with pytest.raises(FailedPrecondition, match=r"do float32 \[1\]"):
        kind.check_learner(kind.observation, Box((-2.0,), (1.0,), (1,)), "car")
    with pytest.raises(FailedPrecondition, match=r"see float32 \[2\]"):
        kind.check_learner(Box((0.0,), (1.0,), (3,)), kind.action, "car")


def test_a_file_has_the_columns_of_its_kind() -> None:
    inputs = Column("observation", "float32", (1,)), Column("action_mask", "uint8", (2,), 1)
    outputs = Column("action", "int8"), Column("value", "float32")
    KIND.check_layout(Layout(inputs, outputs, 1), "pole:1")
    wider = Column("observation", "float32", (3,)), inputs[1]
    with pytest.raises(FailedPrecondition, match=r"pole:1 takes .*observation float32 \[3\]"):
        KIND.check_layout(Layout(wider, outputs, 1), "pole:1")
