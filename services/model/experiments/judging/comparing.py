"""Arms against the first one: effects, intervals, and which rules are broken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.model.experiments.experiment import Experiment, Kind, Metric
from services.model.experiments.judging.evidence import (
    Interval,
    Sample,
    difference_interval,
    log_e_value,
)
from services.model.experiments.judging.figures import Figures
from services.model.experiments.judging.sample_size import required_observations

_MOST_LOG: Final = 700.0
"""Of what a double holds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against the first one, see ExperimentComparison in model.proto."""

    arm: int
    metric: Metric
    effect: float
    low: float
    high: float
    confidence: float
    e_value: float
    observations: int
    required: int
    tolerance: float | None
    broken: bool

    @property
    def p_value(self) -> float:
        """Of the hypothesis that there is no difference, at whatever time one stops."""
        return min(1.0, 1.0 / self.e_value) if self.e_value else 1.0


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is broken: by which arm, with what figures."""

    arm: int
    metric: Metric
    effect: float
    interval: Interval
    confidence: float
    observations: int


def compare(experiment: Experiment, figures: Sequence[Figures]) -> list[Comparison]:
    """All arms but the first, by all metrics that the kind has."""
    return [_comparison(experiment, figures, arm, metric) for arm, metric in _pairs(experiment)]


def first_broken(experiment: Experiment, figures: Sequence[Figures]) -> Broken | None:
    """The first rule that is broken; None while all hold.

    A rule is broken when the interval lies beyond what is put up with, which is when the e-value at
    that edge is above 1 / alpha; it is looked at only where the means themselves are beyond it.
    """
    alpha = significance(experiment)
    for arm, metric in _pairs(experiment):
        tolerance = experiment.definition.rules.tolerance(metric)
        sample, base = figures[arm].sample(metric), figures[0].sample(metric)
        if tolerance is None or not sample.count or not base.count:
            continue
        effect = sample.mean - base.mean
        if (-effect if metric.is_better_high else effect) <= tolerance:
            continue
        edge = -tolerance if metric.is_better_high else tolerance
        if log_e_value(sample, base, edge) > math.log(1.0 / alpha):
            interval = difference_interval(sample, base, alpha)
            seen = sample.count + base.count
            return Broken(arm, metric, effect, interval, 1.0 - alpha, seen)
    return None


def metrics(kind: Kind) -> tuple[Metric, ...]:
    """What arms of this kind are compared by: a shadow answers nobody."""
    return (Metric.ERRORS,) if kind is Kind.SHADOW else tuple(Metric)


def significance(experiment: Experiment) -> float:
    """Of each test: all rules and arms share that of the experiment (Bonferroni)."""
    definition = experiment.definition
    ruled = sum(definition.rules.tolerance(one) is not None for one in metrics(definition.kind))
    return definition.rules.significance / (max(1, ruled) * (len(definition.versions) - 1))


def _pairs(experiment: Experiment) -> Iterator[tuple[int, Metric]]:
    for arm in range(1, len(experiment.definition.versions)):
        for metric in metrics(experiment.definition.kind):
            yield arm, metric


def _is_broken(metric: Metric, interval: Interval, tolerance: float) -> bool:
    return interval.high < -tolerance if metric.is_better_high else interval.low > tolerance


def _comparison(
    experiment: Experiment, figures: Sequence[Figures], arm: int, metric: Metric
) -> Comparison:
    alpha = significance(experiment)
    sample, base = figures[arm].sample(metric), figures[0].sample(metric)
    interval = difference_interval(sample, base, alpha)
    tolerance = experiment.definition.rules.tolerance(metric)
    return Comparison(
        arm,
        metric,
        sample.mean - base.mean if sample.count and base.count else 0.0,
        interval.low,
        interval.high,
        1.0 - alpha,
        math.exp(min(log_e_value(sample, base, 0.0), _MOST_LOG)),
        sample.count + base.count,
        _required(experiment, base, arm, alpha) if metric is Metric.SCORE else 0,
        tolerance,
        tolerance is not None and _is_broken(metric, interval, tolerance),
    )


def _required(experiment: Experiment, base: Sample, arm: int, alpha: float) -> int:
    """How many outcomes are enough to find the least effect, at the shares of now."""
    rules, shares = experiment.definition.rules, experiment.shares
    both = shares[0] + shares[arm]
    tolerance = rules.max_score_loss or 0.0
    worse = base.mean - tolerance - rules.least_effect
    return required_observations(
        base=base.mean,
        mean=max(0.0, worse),
        tolerance=tolerance,
        share=shares[arm] / both if both else 0.0,
        alpha=alpha,
        power=rules.power,
    )
