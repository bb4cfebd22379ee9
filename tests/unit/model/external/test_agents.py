"""An agent's steps, from an action to what came of it."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, OutOfRange
from mazemesh.games.spaces import Box, Discrete
from services.model.external.agents import Agent, Moment
from services.model.external.kinds import Kind
from services.model.external.turns import ACTS, TERMINATED, TRUNCATED

KIND = Kind("cart", Box((0.0,), (1.0,), (1,)), Discrete(2), "pole")
NONE = np.zeros(0, np.float32)


def moment(number: int) -> Moment:
    return Moment(np.full(1, number, np.float32), np.ones(2, np.uint8), value=float(number))


def agent(steps: int, *, learns: bool = True) -> Agent:
    """One that has acted so often, and earned 10 times the number of each action."""
    one = Agent(KIND, "pole:latest", learns=learns)
    for number in range(steps):
        one.begin(moment(number), np.int8(number), NONE, version=number)
        one.earn(10.0 * number)
    return one


def test_a_step_is_whole_when_the_next_action_is_chosen() -> None:
    steps = list(agent(4).take(0))
    assert [step.number for step in steps] == [0, 1, 2]
    assert [step.reward for step in steps] == [0, 10, 20]
    assert [step.version for step in steps] == [0, 1, 2]
    assert [step.after.value for step in steps if step.after] == [1, 2, 3]
    assert {step.status for step in steps} == {ACTS}


def test_the_last_steps_are_kept_back() -> None:
    one = agent(6)
    assert [step.number for step in one.take(2)] == [0, 1, 2]
    assert [step.number for step in one.take(2)] == []


def test_late_rewards_count_for_steps_that_are_kept_back() -> None:
    one = agent(5)
    assert [step.number for step in one.take(2)] == [0, 1]
    one.earn_late(2, 5.0, lag=2)
    one.earn_late(4, 7.0, lag=2)
    with pytest.raises(OutOfRange, match=r"step 1 .* 2\.\.4 do \(reward_lag is 2\)"):
        one.earn_late(1, 1.0, lag=2)
    one.end(TERMINATED, success=True)
    one.finish(None)
    steps = list(one.take(0))
    assert [step.reward for step in steps] == [25, 30, 47]
    assert (steps[-1].status, steps[-1].success) == (TERMINATED, True)


def test_who_is_cut_off_has_its_last_whole_step_truncated() -> None:
    one = agent(3)
    steps = list(one.cut())
    assert [step.number for step in steps] == [0, 1]
    assert [step.status for step in steps] == [ACTS, TRUNCATED]
    assert steps[-1].after is not None
    assert steps[-1].after.value == 2
    assert one.over


def test_who_has_ended_is_cut_off_as_it_ended() -> None:
    one = agent(2)
    one.end(TERMINATED, success=False)
    one.finish(moment(9))
    assert [step.status for step in one.cut()] == [ACTS, TERMINATED]


def test_who_awaits_the_worth_of_its_last_moment_loses_that_step() -> None:
    one = agent(3)
    one.end(TRUNCATED, success=False)
    one.asking = True
    assert not one.whole
    steps = list(one.cut())
    assert [(step.number, step.status) for step in steps] == [(0, ACTS), (1, TRUNCATED)]


def test_nothing_is_kept_of_who_is_not_learned_from() -> None:
    one = agent(4, learns=False)
    assert list(one.cut()) == []


def test_nobody_ends_before_it_acts() -> None:
    with pytest.raises(FailedPrecondition, match="before it acted"):
        agent(0).end(TERMINATED, success=False)
