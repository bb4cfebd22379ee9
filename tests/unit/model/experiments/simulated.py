"""Experiments without a service: sessions with drawn scores, and a look after every so many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from services.model.experiments.experiment import (
    Definition,
    Experiment,
    Kind,
    Metric,
    Plan,
    Rules,
    State,
)
from services.model.experiments.judging.comparing import compare
from services.model.experiments.judging.deciding import decide
from services.model.experiments.judging.figures import Figures

BEGIN = datetime(2026, 11, 30, tzinfo=UTC)


def experiment(kind: Kind = Kind.CANARY, **given: Any) -> Experiment:
    """One that has just begun, of 37 and 41."""
    plan = given.pop("plan", Plan(steps=(0.1, 0.5)) if kind is Kind.CANARY else None)
    weights = (1.0 - plan.steps[0], plan.steps[0]) if plan else (1.0, 1.0)
    said: dict[str, Any] = {"versions": (37, 41), "weights": weights, **given}
    definition = Definition(
        experiment_id="try", kind=kind, name="race", alias="champion", plan=plan, **said
    )
    return Experiment(
        definition=definition, weights=definition.weights, step_begun=BEGIN, created=BEGIN
    )


def figures(*arms: dict[str, Any]) -> list[Figures]:
    """What was counted of each arm."""
    return [Figures(**arm) for arm in arms]


def bound(one: Experiment, base: float) -> int:
    """Outcomes of both arms that are enough, by what the report says when much is known."""
    known = figures({"outcomes": 10**6, "score": base * 10**6}, {})
    (score,) = (each for each in compare(one, known) if each.metric is Metric.SCORE)
    return score.required


def rolled_back(
    rng: np.random.Generator,
    one: Experiment,
    means: Sequence[float],
    sessions: int,
    at_once: int = 50,
) -> int:
    """Sessions after which it was rolled back; 0 when it was not, within so many."""
    counted = [Figures() for _ in means]
    for seen in range(at_once, sessions + 1, at_once):
        for arm, more in enumerate(rng.multinomial(at_once, one.shares)):
            counted[arm].outcomes += int(more)
            counted[arm].calls += int(more)
            counted[arm].score += float(rng.binomial(more, means[arm]))
        one = decide(one, counted, BEGIN + timedelta(seconds=seen))
        if one.state is State.ROLLED_BACK:
            return seen
        if not one.is_running:
            return 0
    return 0


def only_scores(**given: Any) -> Rules:
    """Rules of scores alone."""
    return Rules(max_error_increase=None, max_slow_increase=None, **given)
