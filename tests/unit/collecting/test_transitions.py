"""The ring of vectors against the definition, transition by transition."""

import numpy as np
import pytest

from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import RUNNING, TERMINATED, Experience
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.returns import PRIORITY_FLOOR
from tests.unit.actor.play import ACTIONS, SIZE, Played, random_play

DISCOUNT = 0.9
Row = tuple[bytes, int, float, float, bytes, bytes, float]


def collected(played: Played, games: int, n: int) -> list[Row]:
    collector = TransitionCollector(games, n, DISCOUNT, Shown.flat(SIZE, ACTIONS), batch_rows=7)
    rows: list[Row] = []
    for decision, consequence in zip(played.decisions, played.consequences, strict=True):
        batch = collector.add(decision, consequence)
        if batch is not None:
            assert batch.rows >= 7
            rows += as_rows(batch)
    return rows


def as_rows(batch: Experience) -> list[Row]:
    columns = batch.columns
    assert batch.priorities is not None
    return [
        (
            columns["observation"][row].tobytes(),
            int(columns["action"][row]),
            round(float(columns["n_step_return"][row]), 4),
            round(float(columns["bootstrap_discount"][row]), 4),
            columns["next_observation"][row].tobytes()
            if columns["bootstrap_discount"][row]
            else b"",
            columns["next_action_mask"][row].tobytes(),
            round(float(batch.priorities[row]), 3),
        )
        for row in range(batch.rows)
    ]


def defined(played: Played, games: int, n: int) -> list[Row]:
    """Every transition of every game, straight from the definition."""
    rows: list[Row] = []
    steps = len(played.decisions)
    for game in range(games):
        for start in range(steps):
            total, length, end = 0.0, 0, None
            for at in range(start, min(start + n, steps)):
                consequence = played.consequences[at]
                total += DISCOUNT**length * float(consequence.reward[game])
                length += 1
                if consequence.status[game] != RUNNING:
                    end = consequence
                    break
            if end is None and length < n:
                continue
            rows.append(row_of(played, game, start, start + length - 1, total, length))
    return rows


def row_of(played: Played, game: int, start: int, at: int, total: float, length: int) -> Row:
    decision, consequence = played.decisions[start], played.consequences[at]
    status = consequence.status[game]
    observation, mask = consequence.observation[game], consequence.action_mask[game]
    value, discount = float(consequence.value[game]), DISCOUNT**length
    if status == TERMINATED:
        mask, value, discount = np.ones(ACTIONS, np.uint8), 0.0, 0.0
    elif status != RUNNING:
        row = int(np.flatnonzero(consequence.truncated_games == game)[0])
        observation = consequence.final_observation[row]
        mask = consequence.final_action_mask[row]
        value = float(consequence.final_value[row])
    error = total + discount * value - float(decision.action_value[game])
    return (
        decision.observation[game].tobytes(),
        int(decision.action[game]),
        round(total, 4),
        round(discount, 4),
        observation.tobytes() if discount else b"",
        mask.tobytes(),
        round(abs(error) + PRIORITY_FLOOR, 3),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_transitions_are_those_of_the_definition(n: int) -> None:
    games, steps = 4, 60
    played = random_play(steps, games, seed=n)
    got, wanted = collected(played, games, n), defined(played, games, n)
    remaining = list(wanted)
    for row in got:
        match = next((w for w in remaining if close(row, w)), None)
        assert match is not None, f"{row} is no transition of the play"
        remaining.remove(match)
    # At most one unfinished batch is still in the collector.
    assert len(remaining) < 7


def test_the_opponent_is_that_of_the_first_step() -> None:
    """Observations are random, so each names its step."""
    played = random_play(40, 3, seed=2)
    met = {
        one.observation[game].tobytes(): int(one.opponent[game])
        for one in played.decisions
        for game in range(3)
    }
    collector = TransitionCollector(
        3, 3, DISCOUNT, Shown.flat(SIZE, ACTIONS), opponents=True, batch_rows=30
    )
    pairs = zip(played.decisions, played.consequences, strict=True)
    rows = 0
    for batch in (one for d, c in pairs if (one := collector.add(d, c)) is not None):
        for observation, opponent in zip(
            batch.columns["observation"], batch.columns["opponent"], strict=True
        ):
            assert met[observation.tobytes()] == opponent
            rows += 1
    assert rows >= 60


def close(a: Row, b: Row) -> bool:
    exact = (0, 1, 4, 5)
    return all(a[i] == b[i] for i in exact) and all(
        abs(a[i] - b[i]) < 2e-3  # type: ignore[operator]
        for i in (2, 3, 6)
    )
