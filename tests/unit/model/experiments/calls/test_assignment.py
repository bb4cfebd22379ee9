"""Who serves a session."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import binom

from services.model.experiments.calls.assignment import arm_of, is_shown

SESSIONS = [f"game-{number}" for number in range(10_000)]


@pytest.mark.parametrize("experiment_id", ["canary", "half", "third"])
def test_sessions_are_split_by_the_weights(experiment_id: str) -> None:
    low, high = binom.interval(0.99, len(SESSIONS), 0.1)
    canary = sum(arm_of(experiment_id, one, (9.0, 1.0)) for one in SESSIONS)
    assert low <= canary <= high
    shown = sum(is_shown(experiment_id, one, 0.1) for one in SESSIONS)
    assert low <= shown <= high


def test_several_arms_have_their_parts() -> None:
    weights = (1.0, 2.0, 3.0, 0.0, 4.0)
    found = Counter(arm_of("many", one, weights) for one in SESSIONS)
    for arm, weight in enumerate(weights):
        low, high = binom.interval(0.999, len(SESSIONS), weight / 10)
        assert low <= found[arm] <= high


def test_a_session_has_one_arm_and_experiments_have_their_own() -> None:
    arms = [arm_of("first", one, (1.0, 1.0)) for one in SESSIONS]
    assert arms == [arm_of("first", one, (2.0, 2.0)) for one in SESSIONS]
    other = [arm_of("other", one, (1.0, 1.0)) for one in SESSIONS]
    same = sum(one == another for one, another in zip(arms, other, strict=True))
    assert 0.45 < same / len(SESSIONS) < 0.55


def test_sessions_move_only_to_an_arm_that_grows() -> None:
    before = [arm_of("first", one, (5.0, 3.0, 2.0)) for one in SESSIONS]
    after = [arm_of("first", one, (5.0, 3.0, 4.0)) for one in SESSIONS]
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert moved
    assert set(moved) == {2}


def test_these_are_pinned_so_that_no_version_of_the_service_moves_sessions() -> None:
    arms = "".join(str(arm_of("pinned", str(one), (1.0, 1.0, 1.0))) for one in range(24))
    assert arms == "211201200121111021210020"
