"""When things are due, by the clock and by batches."""

from __future__ import annotations

import pytest

from learner.pace import LOCKSTEP_SNAPSHOT_BATCHES, ByBatch, ByClock
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument


def test_by_the_clock_a_snapshot_is_published() -> None:
    settings = LearnerSettings(publish_seconds=10.0, snapshot_seconds=12.0)
    pace = ByClock(settings, now=0.0)
    due = [pace.due(float(now), learned=True) for now in range(13)]
    assert [now for now, one in enumerate(due) if one.snapshot] == [4, 8, 12]
    assert [now for now, one in enumerate(due) if one.publish] == [4, 8, 10, 12]


def test_in_lockstep_only_batches_count() -> None:
    pace = ByBatch(LearnerSettings(checkpoint_seconds=30.0), now=0.0)
    waited = pace.due(1e6, learned=False)
    assert (waited.publish, waited.journal, waited.checkpoint) == (False, False, True)
    due = [pace.due(0.0, learned=True) for _ in range(LOCKSTEP_SNAPSHOT_BATCHES)]
    assert all(one.publish and one.journal for one in due)
    assert [one.snapshot for one in due] == [False] * (len(due) - 1) + [True]


def test_lockstep_is_told_to_actors_and_refused_where_it_cannot_be() -> None:
    run = Run.of(LearnerSettings(game="race", lockstep=True))
    assert run.collection.lockstep
    assert run.collection.batch_rows == run.batch_rows == 256
    assert not Run.of(LearnerSettings(game="race")).collection.lockstep
    with pytest.raises(InvalidArgument, match="lockstep: dqn draws by priorities"):
        Run.of(LearnerSettings(game="race", algorithm="dqn", lockstep=True))
