"""Episodes counted beside a collector, against cases counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mazemesh.collecting.counting import CountingCollector, told_beside
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import (
    OVER,
    RUNNING,
    TERMINATED,
    TRUNCATED,
    Consequence,
    Decision,
    Experience,
)
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.v1.model_pb2 import (
    Collection,
    SequenceCollection,
    TransitionCollection,
    UnrollCollection,
)

SIZE, ACTIONS, GAMES = 3, 2, 3


@pytest.mark.parametrize(
    ("told", "beside"),
    [
        (Collection(game="gymnasium:CartPole-v1", unroll=UnrollCollection()), True),
        (Collection(game="external:plant", unroll=UnrollCollection()), True),
        (Collection(game="gymnasium:CartPole-v1", unroll=UnrollCollection(), lockstep=True), False),
        (Collection(game="race", unroll=UnrollCollection()), False),
        (Collection(game="race", transition=TransitionCollection()), True),
        (Collection(game="race", sequence=SequenceCollection(), lockstep=True), True),
    ],
)
def test_rows_tell_where_they_can_and_are_told_beside_elsewhere(
    told: Collection, beside: bool
) -> None:
    assert told_beside(told) is beside


def step(
    reward: Sequence[float], status: Sequence[int], success: Sequence[int] = (0, 0, 0)
) -> tuple[Decision, Consequence]:
    seen, mask = np.zeros((GAMES, SIZE), np.float32), np.ones((GAMES, ACTIONS), np.uint8)
    none = np.zeros((GAMES, 0), np.float32)
    (cut,) = np.nonzero(np.array(status) == TRUNCATED)
    return (
        Decision(
            observation=seen,
            action_mask=mask,
            action=np.zeros(GAMES, np.int8),
            logits=np.zeros((GAMES, ACTIONS), np.float32),
            policy_version=1,
            state=none,
            opponent=np.zeros(GAMES, np.uint64),
        ),
        Consequence(
            reward=np.array(reward, np.float32),
            status=np.array(status, np.uint8),
            observation=seen,
            action_mask=mask,
            value=np.zeros(GAMES, np.float32),
            success=np.array(success, np.bool_),
            truncated_games=cut,
            final_observation=seen[cut],
            final_action_mask=mask[cut],
            final_value=np.zeros(len(cut), np.float32),
        ),
    )


def counting(batch_rows: int = 1) -> CountingCollector:
    shown = Shown.flat(SIZE, ACTIONS)
    return CountingCollector(
        TransitionCollector(GAMES, 1, 0.9, shown, batch_rows=batch_rows), GAMES
    )


def told(experience: Experience | None) -> EpisodeTotals | None:
    assert experience is not None
    return experience.episodes


def test_episodes_are_told_with_the_experience_that_follows_them() -> None:
    collector = counting()
    running = [RUNNING] * GAMES
    assert told(collector.add(*step([0.5, -1.0, 0.25], running))) is None
    # The first is won after two steps, the second is cut off, the third goes on.
    ended = collector.add(*step([1.0, -1.0, 0.25], [TERMINATED, TRUNCATED, RUNNING], [1, 0, 0]))
    assert told(ended) == EpisodeTotals(ended=2, reward=-0.5, steps=4, successes=1)
    # What begins anew has nothing of the episode before; a seat that is done has no steps.
    ended = collector.add(*step([-0.5, 9.0, 0.5], [TERMINATED, OVER, TERMINATED], [0, 1, 0]))
    assert told(ended) == EpisodeTotals(ended=2, reward=0.5, steps=4, successes=0)


def test_episodes_wait_for_rows_and_are_told_once() -> None:
    collector = counting(batch_rows=9)
    all_over = [TERMINATED] * GAMES
    assert collector.add(*step([1.0, 0.0, 0.0], all_over)) is None
    assert collector.add(*step([0.0, 2.0, 0.0], all_over)) is None
    experience = collector.add(*step([0.0, 0.0, 4.0], all_over))
    assert told(experience) == EpisodeTotals(ended=9, reward=7.0, steps=9)
    assert experience is not None
    pieces = list(experience.pieces(4))
    assert [piece.rows for piece in pieces] == [4, 4, 1]
    assert [piece.episodes for piece in pieces] == [experience.episodes, None, None]


def test_games_that_were_lost_are_not_told() -> None:
    collector = counting()
    collector.add(*step([5.0] * GAMES, [RUNNING] * GAMES))
    collector.clear()
    ended = collector.add(*step([1.0] * GAMES, [TERMINATED] * GAMES))
    assert told(ended) == EpisodeTotals(ended=3, reward=3.0, steps=3)


@pytest.mark.parametrize("reward", [np.nan, np.inf])
def test_a_reward_that_is_no_number_is_not_told_and_forgotten(reward: float) -> None:
    collector = counting()
    over = [TERMINATED] * GAMES
    assert told(collector.add(*step([reward, 1.0, 1.0], over))) is None
    assert told(collector.add(*step([1.0, 1.0, 1.0], over))) == EpisodeTotals(3, 3.0, 3, 0)


@pytest.mark.parametrize(
    ("totals", "complaint"),
    [
        (EpisodeTotals(2, -1e100, 2**32, 2), ""),
        (EpisodeTotals(-1, 0.0, 0, 0), "episodes.ended is -1; expected 0..4294967296"),
        (EpisodeTotals(2**32 + 1), "episodes.ended is 4294967297"),
        (EpisodeTotals(1, 0.0, -3), "episodes.steps is -3"),
        (EpisodeTotals(1, 0.0, 3, 2), "episodes.successes is 2; expected 0..1 (ended)"),
        (EpisodeTotals(1, float("nan"), 3), "episodes.reward is nan; expected -1e+100..1e+100"),
        (EpisodeTotals(1, -2e100, 3), "episodes.reward is -2e+100"),
    ],
)
def test_what_is_wrong_is_named(totals: EpisodeTotals, complaint: str) -> None:
    assert totals.complaint.startswith(complaint)
    assert bool(totals.complaint) == bool(complaint)
