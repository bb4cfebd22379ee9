"""When things are due, by the clock and by batches."""

from __future__ import annotations

import pytest

from learner.loop.pace import LOCKSTEP_SNAPSHOT_BATCHES, ByBatch, Freely
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument


def test_versions_follow_agent_steps_and_the_rest_the_clock() -> None:
    settings = LearnerSettings(publish_steps=100, publish_seconds=1000.0, snapshot_seconds=12.0)
    pace = Freely(settings, 0.0, 500, lambda: 0.0)
    due = [pace.due(float(now), 500 + 40 * now, learned=True) for now in range(13)]
    assert [now for now, one in enumerate(due) if one.snapshot] == [4, 8, 12]
    # After three times 40 steps each; a snapshot is a version too.
    assert [now for now, one in enumerate(due) if one.publish] == [3, 4, 7, 8, 11, 12]


def test_slow_steps_do_not_hold_a_version_back_for_ever() -> None:
    settings = LearnerSettings(publish_steps=100, publish_seconds=5.0, snapshot_seconds=1000.0)
    pace = Freely(settings, 0.0, 0, lambda: 0.0)
    due = [pace.due(float(now), now, learned=True) for now in range(13)]
    assert [now for now, one in enumerate(due) if one.publish] == [5, 10]


def test_publishing_that_takes_long_takes_a_third_of_the_time() -> None:
    settings = LearnerSettings(publish_steps=1, publish_seconds=1000.0, snapshot_seconds=1000.0)
    pace = Freely(settings, 0.0, 0, lambda: 3.0)
    due = [pace.due(float(now), now, learned=True) for now in range(32)]
    assert [now for now, one in enumerate(due) if one.publish] == [9, 18, 27]


def test_where_actors_wait_a_version_follows_from_each_batch() -> None:
    settings = LearnerSettings(publish_steps=10_000, publish_seconds=1000.0)
    pace = Freely(settings, 0.0, 0, lambda: 3.0, each_batch=True)
    assert [pace.due(0.1, 1, learned=one).publish for one in (True, False, True)] == [1, 0, 1]


def test_how_far_actors_play_ahead_is_told_where_there_is_a_queue() -> None:
    game = "gymnasium:CartPole-v1"
    told = Run.of(LearnerSettings(game=game)).collection
    assert (told.batches_ahead, told.batch_rows) == (2, 16)
    assert not Run.of(LearnerSettings(game=game, lockstep=True)).collection.batches_ahead
    assert not Run.of(LearnerSettings(game="race")).collection.batches_ahead
    with pytest.raises(InvalidArgument, match="batches_ahead = 2: dqn draws what is in its table"):
        Run.of(LearnerSettings(game=game, algorithm="dqn", batches_ahead=2))


def test_in_lockstep_only_batches_count() -> None:
    pace = ByBatch(LearnerSettings(checkpoint_seconds=30.0), now=0.0)
    waited = pace.due(1e6, 10**6, learned=False)
    assert (waited.publish, waited.journal, waited.checkpoint) == (False, False, True)
    due = [pace.due(0.0, 0, learned=True) for _ in range(LOCKSTEP_SNAPSHOT_BATCHES)]
    assert all(one.publish and one.journal for one in due)
    assert [one.snapshot for one in due] == [False] * (len(due) - 1) + [True]


def test_lockstep_is_told_to_actors_and_refused_where_it_cannot_be() -> None:
    run = Run.of(LearnerSettings(game="race", lockstep=True))
    assert run.collection.lockstep
    assert run.collection.batch_rows == run.batch_rows == 256
    assert not Run.of(LearnerSettings(game="race")).collection.lockstep
    with pytest.raises(InvalidArgument, match="lockstep: dqn draws by priorities"):
        Run.of(LearnerSettings(game="race", algorithm="dqn", lockstep=True))
