"""Canaries by drawn scores, each looked at again and again; and what a usual test would do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from services.model.experiments.experiment import (
    Definition,
    Experiment,
    Kind,
    Metric,
    Plan,
    Rules,
)
from services.model.experiments.judging.comparing import compare
from services.model.experiments.judging.deciding import decide
from services.model.experiments.judging.figures import Figures

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LOOKS = 200
"""Over the bound, or over twice of it where there is no difference."""

Stops = Callable[[Sequence[Figures]], bool]


class Cell(NamedTuple):
    """A mean of the first arm, what the canary loses, and its share."""

    base: float
    loss: float
    share: float


CELLS = (Cell(0.5, 0.1, 0.1), Cell(0.5, 0.1, 0.5), Cell(0.3, 0.05, 0.5), Cell(0.95, 0.05, 0.1))
"""The first one is the acceptance's."""


def simulate(cell: Cell, runs: int, seed: int) -> dict[str, Any]:
    """How many canaries were rolled back of those that are worse and of those that are not."""
    one = experiment(cell)
    bound = required(one, cell.base)
    rng = np.random.default_rng(seed)
    worse = [_until(rng, one, cell, cell.loss, bound, _ours(one)) for _ in range(runs)]
    equal = [_until(rng, one, cell, 0.0, 2 * bound, _ours(one)) for _ in range(runs)]
    peeking = [_until(rng, one, cell, 0.0, 2 * bound, _z_test) for _ in range(runs)]
    ended = [sessions for sessions in worse if sessions]
    return {
        **cell._asdict(),
        "bound": bound,
        "worse_rolled_back": len(ended),
        "equal_rolled_back": sum(sessions > 0 for sessions in equal),
        "median_sessions": int(np.median(ended)) if ended else None,
        # A z-test at the same looks that is taken at its word each time.
        "peeking_rolled_back": sum(sessions > 0 for sessions in peeking),
    }


def experiment(cell: Cell, experiment_id: str = "bench") -> Experiment:
    """A canary at one share for ever, with a rule of scores."""
    rules = Rules(max_error_increase=None, max_slow_increase=None, least_effect=cell.loss)
    definition = Definition(
        experiment_id=experiment_id,
        kind=Kind.CANARY,
        name="race",
        alias="champion",
        versions=(1, 2),
        weights=(1.0 - cell.share, cell.share),
        rules=rules,
        plan=Plan(steps=(cell.share,), step_seconds=1e9),
    )
    return Experiment(
        definition=definition, weights=definition.weights, step_begun=BEGIN, created=BEGIN
    )


def required(one: Experiment, base: float) -> int:
    """Outcomes that are enough by the report, once the first arm's mean is known."""
    known = [Figures(outcomes=10**6, score=base * 10**6), Figures()]
    return next(each.required for each in compare(one, known) if each.metric is Metric.SCORE)


def _until(
    rng: np.random.Generator,
    one: Experiment,
    cell: Cell,
    loss: float,
    sessions: int,
    stops: Stops,
) -> int:
    """Sessions after which it stops; 0 where it does not within so many."""
    counted, step = [Figures(), Figures()], math.ceil(sessions / LOOKS)
    for seen in range(step, sessions + 1, step):
        canary = int(rng.binomial(step, cell.share))
        for figures, more, mean in zip(
            counted, (step - canary, canary), (cell.base, cell.base - loss), strict=True
        ):
            figures.outcomes += more
            figures.score += float(rng.binomial(more, mean))
        if stops(counted):
            return seen
    return 0


def _ours(one: Experiment) -> Stops:
    return lambda counted: not decide(one, counted, BEGIN).is_running


def _z_test(counted: Sequence[Figures]) -> bool:
    """Whether the second mean is lower at 5 %, by a z-test of proportions, pooled."""
    first, second = (figures.sample(Metric.SCORE) for figures in counted)
    if not first.count or not second.count:
        return False
    pooled = (first.total + second.total) / (first.count + second.count)
    variance = pooled * (1.0 - pooled) * (1.0 / first.count + 1.0 / second.count)
    if not variance:
        return False
    return bool(norm.cdf((second.mean - first.mean) / math.sqrt(variance)) < 0.05)
