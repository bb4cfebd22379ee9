"""Unrolls that a kernel puts together are those that numpy stacks."""

import numpy as np
import pytest

from mazemesh.collecting.compact_unrolls import CompactUnrollCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.policy.sampling import log_probability
from tests.unit.actor.play import ACTIONS, SIZE, random_play


@pytest.mark.parametrize("opponents", [False, True])
@pytest.mark.parametrize(("games", "length"), [(1, 1), (3, 8), (64, 5)])
def test_rows_are_those_of_numpy(games: int, length: int, opponents: bool) -> None:
    played = random_play(3 * length, games, seed=5)
    shown = Shown.flat(SIZE, ACTIONS)
    compact, stacked = (
        kind(games, length, shown, opponents=opponents)
        for kind in (CompactUnrollCollector, UnrollCollector)
    )
    assert compact.signature == stacked.signature
    finished = 0
    for decision, consequence in zip(played.decisions, played.consequences, strict=True):
        ours, theirs = (one.add(decision, consequence) for one in (compact, stacked))
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
    assert finished == 3


def test_log_probabilities_are_exact_to_the_last_digits_of_float32() -> None:
    played = random_play(4, 500, seed=7)
    collector = CompactUnrollCollector(500, 4, Shown.flat(SIZE, ACTIONS))
    for decision, consequence in zip(played.decisions, played.consequences, strict=True):
        rows = collector.add(decision, consequence)
    assert rows is not None
    for at, decision in enumerate(played.decisions):
        exact = log_probability(decision.logits.astype(np.float64), decision.action)  # type: ignore[arg-type]
        found = rows.columns["behaviour_log_probability"][:, at]
        np.testing.assert_allclose(found, exact, rtol=4e-7, atol=2e-7)


def test_clearing_forgets_the_unfinished_unroll() -> None:
    played = random_play(6, 2, seed=6)
    collector = CompactUnrollCollector(2, 4, Shown.flat(SIZE, ACTIONS))
    for at in range(3):
        assert collector.add(played.decisions[at], played.consequences[at]) is None
    collector.clear()
    for at in range(3):
        assert collector.add(played.decisions[at], played.consequences[at]) is None
    batch = collector.add(played.decisions[3], played.consequences[3])
    assert batch is not None
    assert (batch.columns["observation"][:, 0] == played.decisions[0].observation).all()
    assert not batch.columns["bootstrap_value"][:, 3:].any() or len(
        played.consequences[3].truncated_games
    )
