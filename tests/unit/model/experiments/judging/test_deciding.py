"""When an experiment ends, and how a canary rises."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from services.model.experiments.experiment import Kind, Plan, Rules, State
from services.model.experiments.judging.deciding import decide, reweighted
from tests.unit.model.experiments.simulated import (
    BEGIN,
    bound,
    experiment,
    figures,
    only_scores,
    rolled_back,
)

RUNS = 100
LONG = Plan(steps=(0.1,), step_seconds=1e9)
EFFECT = 0.1


def test_a_worse_canary_is_rolled_back_within_its_bound() -> None:
    one = experiment(rules=only_scores(least_effect=EFFECT), plan=LONG)
    rng, enough = np.random.default_rng(0), bound(one, 0.5)
    ends = [rolled_back(rng, one, (0.5, 0.5 - EFFECT), enough, at_once=200) for _ in range(RUNS)]
    assert sum(end > 0 for end in ends) >= 95
    assert np.median([end for end in ends if end]) < enough / 2


def test_an_equal_canary_is_not() -> None:
    one = experiment(rules=only_scores(least_effect=EFFECT), plan=LONG)
    rng, enough = np.random.default_rng(1), bound(one, 0.5)
    ends = [rolled_back(rng, one, (0.5, 0.5), 2 * enough, at_once=400) for _ in range(RUNS)]
    assert sum(end > 0 for end in ends) <= 5


def test_what_is_put_up_with_is() -> None:
    rules = only_scores(max_score_loss=0.1)
    seen = figures(
        {"outcomes": 200_000, "score": 100_000.0}, {"outcomes": 200_000, "score": 82_000.0}
    )
    assert decide(experiment(Kind.AB, rules=rules), seen, BEGIN).is_running
    strict = experiment(Kind.AB, rules=only_scores(max_score_loss=0.08))
    ended = decide(strict, seen, BEGIN)
    assert ended.state is State.ROLLED_BACK
    assert ended.ended == BEGIN
    assert ended.revision == 2
    assert "race:41 is worse than race:37: its mean score is 0.09 lower" in ended.explanation
    assert "0.08 less is put up with; after 400000 outcomes" in ended.explanation


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        ({"errors": 300}, "share of failed calls is 0.06 higher"),
        ({"slow": 1000}, "share of slow calls is 0.2 higher"),
    ],
)
def test_failed_and_slow_calls_roll_back(counted: dict[str, int], words: str) -> None:
    seen = figures({"calls": 5000}, {"calls": 5000, **counted})
    ended = decide(experiment(Kind.AB), seen, BEGIN)
    assert ended.state is State.ROLLED_BACK
    assert words in ended.explanation
    without = Rules(max_score_loss=0.0, max_error_increase=None, max_slow_increase=None)
    assert decide(experiment(Kind.AB, rules=without), seen, BEGIN).is_running


def test_a_shadow_is_held_by_its_errors_alone() -> None:
    slow = figures({"calls": 5000}, {"calls": 5000, "slow": 5000})
    assert decide(experiment(Kind.SHADOW), slow, BEGIN).is_running
    failed = figures({"calls": 5000}, {"calls": 5000, "errors": 500})
    assert decide(experiment(Kind.SHADOW), failed, BEGIN).state is State.ROLLED_BACK


def test_the_third_arm_is_looked_at_too() -> None:
    one = experiment(Kind.AB, versions=(37, 41, 43), weights=(1.0, 1.0, 1.0))
    seen = figures({"calls": 900}, {"calls": 900}, {"calls": 900, "errors": 200})
    assert "race:43 is worse" in decide(one, seen, BEGIN).explanation


def test_a_canary_rises_when_time_and_answers_are_there() -> None:
    plan = Plan(steps=(0.1, 0.3, 1.0), step_seconds=60.0, step_answers=100, step_outcomes=10)
    one = experiment(plan=plan)
    later = BEGIN + timedelta(seconds=60)
    few = figures({"calls": 900}, {"calls": 99, "outcomes": 10, "score": 5.0})
    enough = figures({"calls": 900}, {"calls": 100, "outcomes": 10, "score": 5.0})
    assert decide(one, few, later) is one
    assert decide(one, enough, later - timedelta(seconds=1)) is one
    second = decide(one, enough, later)
    assert (second.step, second.shares, second.revision) == (1, pytest.approx((0.7, 0.3)), 2)
    # What was seen before does not count for the next step.
    assert decide(second, enough, later + timedelta(seconds=60)) is second
    more = figures({"calls": 900}, {"calls": 200, "outcomes": 20, "score": 10.0})
    third = decide(second, more, later + timedelta(seconds=60))
    assert third.shares == (0.0, 1.0)
    most = figures({"calls": 900}, {"calls": 300, "outcomes": 30, "score": 15.0})
    passed = decide(third, most, later + timedelta(seconds=120))
    assert passed.state is State.PASSED
    assert passed.explanation == "race:41 kept all rules up to 100 % of calls"
    assert decide(passed, most, later + timedelta(days=1)) is passed


def test_weights_by_hand_are_a_step_of_the_canary() -> None:
    one = experiment(plan=Plan(steps=(0.1, 0.3, 0.5)))
    counted = figures({"calls": 5}, {"calls": 7, "outcomes": 3})
    changed = reweighted(one, (6.0, 4.0), counted, BEGIN)
    assert (changed.step, changed.step_answers, changed.step_outcomes) == (1, 7, 3)
    assert changed.shares == (0.6, 0.4)
    later = BEGIN + timedelta(seconds=60)
    seen = figures({"calls": 5}, {"calls": 107, "outcomes": 3})
    assert decide(changed, seen, later).shares == (0.5, 0.5)
    assert reweighted(one, (99.0, 1.0), counted, BEGIN).step == 0
