"""What becomes of an experiment: it goes on, a step further, or ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.model.experiments.experiment import Experiment, Kind, Metric, Plan, State
from services.model.experiments.judging.comparing import Broken, first_broken
from services.model.experiments.judging.figures import Figures

_CANARY: Final = 1
"""The place of a canary's second arm."""


def decide(experiment: Experiment, figures: Sequence[Figures], now: datetime) -> Experiment:
    """The experiment after a look at what its arms did; itself where nothing changes.

    A broken rule comes first, then the steps of a canary.
    """
    if not experiment.is_running:
        return experiment
    broken = first_broken(experiment, figures)
    if broken is not None:
        return ended(experiment, State.ROLLED_BACK, told(experiment, broken), now)
    plan = experiment.definition.plan
    if experiment.definition.kind is Kind.CANARY and plan is not None:
        return _stepped(experiment, plan, figures[_CANARY], now)
    return experiment


def ended(experiment: Experiment, state: State, explanation: str, now: datetime) -> Experiment:
    """The experiment, over."""
    return replace(
        experiment,
        state=state,
        explanation=explanation,
        ended=now,
        revision=experiment.revision + 1,
    )


def reweighted(
    experiment: Experiment, weights: Sequence[float], figures: Sequence[Figures], now: datetime
) -> Experiment:
    """The experiment with other weights; a canary is at the last step that it has reached."""
    step = experiment.step
    plan = experiment.definition.plan
    if plan is not None:
        share = weights[_CANARY] / sum(weights)
        step = max(0, sum(one <= share for one in plan.steps) - 1)
    return _begun(experiment, tuple(weights), step, figures[_CANARY], now)


def told(experiment: Experiment, broken: Broken) -> str:
    """Why a rule is broken, in words."""
    metric, interval = broken.metric, broken.interval
    tolerance = experiment.definition.rules.tolerance(metric) or 0.0
    way, more = ("lower", "less") if metric.is_better_high else ("higher", "more")
    return (
        f"{experiment.reference(broken.arm)} is worse than {experiment.reference(0)}: its "
        f"{metric.words} is {abs(broken.effect):.4g} {way} (between {interval.low:+.4g} and "
        f"{interval.high:+.4g} at {100 * broken.confidence:.4g} %, whenever it is looked at), and "
        f"{tolerance:g} {more} is put up with; after {broken.observations} {_things(metric)}"
    )


def _stepped(experiment: Experiment, plan: Plan, canary: Figures, now: datetime) -> Experiment:
    lasted = (now - experiment.step_begun).total_seconds()
    if (
        lasted < plan.step_seconds
        or canary.calls - experiment.step_answers < plan.step_answers
        or canary.outcomes - experiment.step_outcomes < plan.step_outcomes
    ):
        return experiment
    if experiment.step + 1 >= len(plan.steps):
        share = experiment.shares[_CANARY]
        words = f"{experiment.reference(_CANARY)} kept all rules up to {100 * share:.4g} % of calls"
        return ended(experiment, State.PASSED, words, now)
    share = plan.steps[experiment.step + 1]
    return _begun(experiment, (1.0 - share, share), experiment.step + 1, canary, now)


def _begun(
    experiment: Experiment, weights: tuple[float, ...], step: int, counted: Figures, now: datetime
) -> Experiment:
    return replace(
        experiment,
        weights=weights,
        step=step,
        step_begun=now,
        step_answers=counted.calls,
        step_outcomes=counted.outcomes,
        revision=experiment.revision + 1,
    )


def _things(metric: Metric) -> str:
    return "outcomes" if metric is Metric.SCORE else "calls"
