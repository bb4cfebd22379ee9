"""Steps in which the student's agent has left its game train nothing: they are not even written."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pytest

from mazemesh.collecting.acting import Collector, method
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import OVER, Experience
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.experience import unroll_signature
from mazemesh.games import get_game
from mazemesh.v1.model_pb2 import Collection, SequenceCollection
from tests.unit.actor.play import ACTIONS, SIZE, Played, random_play, with_gaps

GAMES, LENGTH, STATE = 3, 8, 2


def play(steps: int, seed: int = 5) -> Played:
    """Random play by a policy with memory; each opponent's number names its game."""
    played, rng = random_play(steps, GAMES, seed), np.random.default_rng(seed)
    decisions = [
        dataclasses.replace(
            one,
            state=rng.normal(size=(GAMES, STATE)).astype(np.float32),
            opponent=np.arange(1, GAMES + 1, dtype=np.uint64),
        )
        for one in played.decisions
    ]
    return dataclasses.replace(played, decisions=decisions)


def collected(collector: Collector, played: Played) -> list[Experience]:
    pairs = zip(played.decisions, played.consequences, strict=True)
    return [batch for d, c in pairs if (batch := collector.add(d, c)) is not None]


def rows_by_game(batches: list[Experience]) -> dict[int, list[dict[str, npt.NDArray[np.generic]]]]:
    """The rows of each game in order, with their priority as a column."""
    rows: dict[int, list[dict[str, npt.NDArray[np.generic]]]] = defaultdict(list)
    for batch in batches:
        for row in range(batch.rows):
            values = {name: column[row] for name, column in batch.columns.items()}
            if batch.priorities is not None:
                values["priority"] = batch.priorities[row]
            rows[int(np.ravel(values["opponent"])[0])].append(values)
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_unrolls_hold_the_moves_alone(seed: int) -> None:
    played = play(6 * LENGTH, seed)
    gaps = with_gaps(played, seed, STATE)
    assert any((one.status == OVER).any() for one in gaps.consequences)
    signature = unroll_signature(LENGTH, SIZE, ACTIONS, state_size=STATE, opponents=True)
    in_step = UnrollCollector(
        GAMES, LENGTH, Shown.flat(SIZE, ACTIONS), state_size=STATE, opponents=True
    )
    assert in_step.signature == signature
    expected = rows_by_game(collected(in_step, played))
    own_pace = collected(OwnPaceUnrollCollector(GAMES, signature, Shown.flat(SIZE, ACTIONS)), gaps)
    for game, rows in rows_by_game(own_pace).items():
        for row, wanted in zip(rows, expected[game], strict=False):
            for name, value in wanted.items():
                # What follows an unroll that ends with its episode belongs to nothing.
                ended = wanted["terminated"][-1] or wanted["truncated"][-1]
                if not (name.startswith("last_") and ended):
                    np.testing.assert_allclose(row[name], value, rtol=1e-6, err_msg=name)


def test_where_nobody_leaves_unrolls_are_as_ever() -> None:
    played = play(3 * LENGTH)
    in_step = UnrollCollector(
        GAMES, LENGTH, Shown.flat(SIZE, ACTIONS), state_size=STATE, opponents=True
    )
    own_pace = OwnPaceUnrollCollector(GAMES, in_step.signature, Shown.flat(SIZE, ACTIONS))
    batches = collected(own_pace, played)
    for batch, expected in zip(batches, collected(in_step, played), strict=True):
        np.testing.assert_array_equal(batch.policy_versions, expected.policy_versions)
        for name, column in expected.columns.items():
            np.testing.assert_allclose(batch.columns[name], column, rtol=1e-6)
    own_pace.add(played.decisions[0], played.consequences[0])
    own_pace.clear()
    again = collected(own_pace, played)
    np.testing.assert_array_equal(again[0].columns["action"], batches[0].columns["action"])


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_transitions_are_of_moves_alone(n: int, seed: int) -> None:
    def collector() -> TransitionCollector:
        return TransitionCollector(
            GAMES, n, 0.9, Shown.flat(SIZE, ACTIONS), opponents=True, batch_rows=1
        )

    played = play(40, seed)
    gaps = with_gaps(played, seed, STATE)
    expected = rows_by_game(collected(collector(), played))
    for game, rows in rows_by_game(collected(collector(), gaps)).items():
        # Those of one step come in another order; observations are random, so each names its row.
        by_name = {row["observation"].tobytes(): row for row in expected[game]}
        assert len(rows) > 10
        for row in rows:
            wanted = by_name[row["observation"].tobytes()]
            for name in ("action", "n_step_return", "bootstrap_discount", "priority"):
                np.testing.assert_allclose(row[name], wanted[name], rtol=1e-5, atol=1e-6)
            if wanted["bootstrap_discount"]:
                np.testing.assert_array_equal(row["next_observation"], wanted["next_observation"])
            np.testing.assert_array_equal(row["next_action_mask"], wanted["next_action_mask"])


@pytest.mark.parametrize("burn_in", [0, 3])
@pytest.mark.parametrize("seed", range(3))
def test_sequences_hold_the_moves_alone(burn_in: int, seed: int) -> None:
    wanted = SequenceCollection(
        length=LENGTH, burn_in=burn_in, n_step=3, discount=0.9, max_error_share=0.9
    )

    def collector() -> SequenceCollector:
        return SequenceCollector(
            GAMES, wanted, Shown.flat(SIZE, ACTIONS), state_size=STATE, opponents=True
        )

    played = play(6 * LENGTH, seed)
    in_step = rows_by_game(collected(collector(), played))
    own_pace = rows_by_game(collected(collector(), with_gaps(played, seed, STATE)))
    for game, rows in own_pace.items():
        assert len(rows) > 2
        for row, expected in zip(rows, in_step[game], strict=False):
            ended = expected["terminated"][-1] or expected["truncated"][-1]
            for name, value in expected.items():
                if name in ("observation", "action_mask"):
                    steps = LENGTH if ended else LENGTH + 1
                    np.testing.assert_array_equal(row[name][:steps], value[:steps])
                else:
                    np.testing.assert_allclose(row[name], value, rtol=1e-5, err_msg=name)


def test_games_that_agents_may_leave_are_collected_at_their_own_pace() -> None:
    collection = Collection(game="race")
    collection.unroll.length = LENGTH
    race = get_game("race").spec()
    for spec, kind in (
        (race, UnrollCollector),
        (dataclasses.replace(race, may_leave=True), OwnPaceUnrollCollector),
    ):
        _, collector = method(collection, spec, 2, np.random.default_rng(0))
        assert isinstance(collector, kind)
