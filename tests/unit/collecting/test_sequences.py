"""Overlapping sequences against the play they are cut from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from learner.algorithms.r2d2 import update as r2d2
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import TERMINATED, TRUNCATED, Experience
from mazemesh.returns import n_step_targets
from mazemesh.v1.model_pb2 import SequenceCollection
from tests.unit.actor.play import ACTIONS, SIZE, Played, random_play

GAMES, LENGTH, STATE = 3, 8, 4


def wanted(burn_in: int) -> SequenceCollection:
    return SequenceCollection(
        length=LENGTH, burn_in=burn_in, n_step=3, discount=0.9, max_error_share=0.9
    )


def play(steps: int, seed: int = 5) -> Played:
    """Random play by a policy with memory."""
    played, rng = random_play(steps, GAMES, seed), np.random.default_rng(seed)
    decisions = [
        dataclasses.replace(one, state=rng.normal(size=(GAMES, STATE)).astype(np.float32))
        for one in played.decisions
    ]
    return dataclasses.replace(played, decisions=decisions)


def collected(played: Played, burn_in: int) -> list[Experience]:
    collector = SequenceCollector(
        GAMES, wanted(burn_in), Shown.flat(SIZE, ACTIONS), state_size=STATE
    )
    pairs = zip(played.decisions, played.consequences, strict=True)
    return [batch for d, c in pairs if (batch := collector.add(d, c)) is not None]


@pytest.mark.parametrize("burn_in", [0, 3, 4, 5, 7])
def test_a_sequence_is_the_games_steps_in_order(burn_in: int) -> None:
    stride = LENGTH - burn_in
    played = play(LENGTH + 4 * stride)
    batches = collected(played, burn_in)
    assert len(batches) == 5
    for number, batch in enumerate(batches):
        start, columns = number * stride, batch.columns
        assert (columns["state"] == played.decisions[start].state).all()
        assert (batch.policy_versions == start).all()
        for at in range(LENGTH):
            decision = played.decisions[start + at]
            consequence = played.consequences[start + at]
            assert (columns["observation"][:, at] == decision.observation).all()
            assert (columns["action_mask"][:, at] == decision.action_mask).all()
            assert (columns["action"][:, at] == decision.action).all()
            assert (columns["reward"][:, at] == consequence.reward).all()
            assert (columns["terminated"][:, at] == (consequence.status == TERMINATED)).all()
            assert (columns["truncated"][:, at] == (consequence.status == TRUNCATED)).all()
        assert (columns["observation"][:, LENGTH] == consequence.observation).all()
        assert (columns["action_mask"][:, LENGTH] == consequence.action_mask).all()


@pytest.mark.parametrize("burn_in", [0, 3])
def test_first_priorities_are_the_learners(burn_in: int) -> None:
    """The learner's own loss, on what the acting network said of each step."""
    stride = LENGTH - burn_in
    played = play(LENGTH + 2 * stride)
    for number, batch in enumerate(collected(played, burn_in)):
        first = number * stride + burn_in
        steps = range(first, number * stride + LENGTH)
        chosen = np.stack([played.decisions[t].action_value for t in steps], axis=1)
        # The value of what step t saw came with step t - 1; that of the very first is never used.
        before = [played.consequences[max(t - 1, 0)].value for t in steps]
        value = np.stack([*before, played.consequences[steps[-1]].value], axis=1)
        column = {
            name: torch.from_numpy(np.array(batch.columns[name][:, burn_in:]))
            for name in ("reward", "terminated", "truncated")
        }
        target = r2d2.rescale(
            r2d2.n_step_targets(
                **column,
                value=r2d2.unscale(torch.from_numpy(value)),
                n_step=3,
                discount=0.9,
            )
        )
        known = ~column["truncated"].numpy()
        error = np.abs(chosen - target.numpy()) * known
        mean = error.sum(axis=1) / known.sum(axis=1).clip(min=1)
        expected = 0.9 * error.max(axis=1) + 0.1 * mean + 1e-3
        np.testing.assert_allclose(batch.priorities, expected, rtol=1e-5)


def test_targets_are_the_learners() -> None:
    rng = np.random.default_rng(0)
    reward = rng.normal(size=(50, 9)).astype(np.float32)
    value = rng.normal(size=(50, 10)).astype(np.float32)
    end = rng.random((50, 9))
    arrays = (reward, value, end < 0.2, end > 0.8)
    mine = n_step_targets(*arrays, n_step=4, discount=0.8)
    theirs = r2d2.n_step_targets(*map(torch.from_numpy, arrays), n_step=4, discount=0.8)
    np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_clearing_forgets_the_unfinished_sequence() -> None:
    played = play(LENGTH + 3)
    collector = SequenceCollector(GAMES, wanted(3), Shown.flat(SIZE, ACTIONS), state_size=STATE)
    pairs = list(zip(played.decisions, played.consequences, strict=True))
    for pair in pairs[:3]:
        assert collector.add(*pair) is None
    collector.clear()
    found = [batch for pair in pairs[3:] if (batch := collector.add(*pair)) is not None]
    assert len(found) == 1
    assert (found[0].columns["state"] == played.decisions[3].state).all()


def test_whom_the_student_met_goes_with_every_step() -> None:
    played = play(LENGTH)
    collector = SequenceCollector(
        GAMES, wanted(3), Shown.flat(SIZE, ACTIONS), state_size=STATE, opponents=True
    )
    pairs = zip(played.decisions, played.consequences, strict=True)
    (batch,) = [batch for d, c in pairs if (batch := collector.add(d, c)) is not None]
    expected = np.stack([one.opponent for one in played.decisions], axis=1)
    np.testing.assert_array_equal(batch.columns["opponent"], expected)
