"""Unrolls of their own pace that a kernel fills are those that numpy fills."""

import dataclasses

import numpy as np
import pytest

from mazemesh.collecting.compact_own_pace import CompactOwnPaceCollector
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import OVER, Consequence
from mazemesh.experience import unroll_signature
from mazemesh.games.spaces import Box, Discrete
from tests.unit.actor.play import ACTIONS, SIZE, random_play


def with_pauses(consequence: Consequence, rng: np.random.Generator) -> Consequence:
    """The same, but that some rows made no move."""
    over = rng.random(len(consequence.status)) < 0.3
    moved = ~over[consequence.truncated_games]
    return dataclasses.replace(
        consequence,
        status=np.where(over, np.uint8(OVER), consequence.status),
        truncated_games=consequence.truncated_games[moved],
        final_value=consequence.final_value[moved],
    )


@pytest.mark.parametrize("opponents", [False, True])
@pytest.mark.parametrize(("games", "length", "ready"), [(1, 1, 0), (3, 8, 1), (64, 5, 16)])
def test_rows_are_those_of_numpy(games: int, length: int, ready: int, opponents: bool) -> None:
    played, rng = random_play(6 * length, games, seed=5), np.random.default_rng(2)
    observation = Box((0.0,), (255.0,), (SIZE,), "uint8")
    signature = unroll_signature(length, observation, Discrete(ACTIONS), opponents=opponents)
    compact, plain = (
        kind(games, signature, Shown.flat(SIZE, ACTIONS), ready)
        for kind in (CompactOwnPaceCollector, OwnPaceUnrollCollector)
    )
    finished = 0
    for decision, told in zip(played.decisions, played.consequences, strict=True):
        consequence = with_pauses(told, rng)
        ours, theirs = (one.add(decision, consequence) for one in (compact, plain))
        assert (ours is None) == (theirs is None)
        if ours is None or theirs is None:
            continue
        finished += 1
        assert (ours.policy_versions == theirs.policy_versions).all()
        assert list(ours.columns) == list(theirs.columns)
        for name, column in theirs.columns.items():
            assert ours.columns[name].dtype == column.dtype, name
            if name == "behaviour_log_probability":
                np.testing.assert_allclose(ours.columns[name], column, rtol=1e-6, atol=1e-6)
            else:
                assert np.array_equal(ours.columns[name], column), name
    assert finished
