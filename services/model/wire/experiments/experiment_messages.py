"""Experiments: requests to their nouns, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import ALIAS, POLICY, shown
from mazemesh.v1 import model_pb2 as pb
from services.model.experiments.changes import Outcome
from services.model.experiments.experiment import (
    MOST_ARMS,
    MOST_STEPS,
    USUAL_LEAST_EFFECT,
    USUAL_POWER,
    USUAL_SIGNIFICANCE,
    USUAL_SLOW_SECONDS,
    USUAL_STEP_ANSWERS,
    USUAL_STEP_SECONDS,
    USUAL_STEPS,
    Definition,
    Experiment,
    Kind,
    Plan,
    Rules,
)
from services.model.experiments.judging.comparing import Comparison
from services.model.experiments.judging.figures import Figures

MOST_OUTCOMES: Final = 1000
_MOST_REASON: Final = 1024
_MOST_CREATOR: Final = 128
_MOST_SLOW_SECONDS: Final = 3600.0
_MOST_STEP_SECONDS: Final = 30 * 86_400.0
_MOST_VERSION: Final = 10**18 - 1
_MOST_COUNT: Final = 10**12
_MOST_WEIGHT: Final = 1e9
_SESSION: Final = re.compile("[!-~]{1,128}")
_PAIR: Final = 2


def read_definition(request: pb.CreateExperimentRequest) -> Definition:
    """What a request asks for, written out.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    kind = _kind(request.kind)
    versions = tuple(one.version for one in request.arms)
    _check_arms(kind, versions)
    plan = _plan(request.plan) if kind is Kind.CANARY else None
    if plan is None:
        if request.HasField("plan"):
            raise InvalidArgument("plan is set; expected of a canary alone")
        weights = read_weights([one.weight for one in request.arms])
        if kind is Kind.SHADOW:
            weights = (1.0, _part("arms[1].weight", weights[1]))
    else:
        weights = (1.0 - plan.steps[0], plan.steps[0])
    return Definition(
        experiment_id=check_id(request.experiment_id),
        kind=kind,
        name=POLICY.check("name", request.name),
        alias=ALIAS.check("alias", request.alias),
        versions=versions,
        weights=weights,
        rules=_rules(request, kind),
        plan=plan,
        reason=check_text("reason", request.reason, _MOST_REASON),
        creator=check_text("creator", request.creator, _MOST_CREATOR),
    )


def check_id(experiment_id: str) -> str:
    """The id, which has the form of a policy's name.

    Raises:
        InvalidArgument: it has not.
    """
    return POLICY.check("experiment_id", experiment_id)


def check_session(field: str, session: str) -> str:
    """The session.

    Raises:
        InvalidArgument: it is none.
    """
    if _SESSION.fullmatch(session) is None:
        raise InvalidArgument(
            f"{field} = {shown(session)} is wrong: must be 1..128 visible characters of ASCII"
        )
    return session


def check_text(field: str, value: str, most: int = _MOST_REASON) -> str:
    """A text for people.

    Raises:
        InvalidArgument: it is too long, or has a NUL.
    """
    if len(value) > most:
        raise InvalidArgument(f"{field} has {len(value)} characters; at most {most} are allowed")
    if "\0" in value:
        raise InvalidArgument(f"{field} has a NUL character, which texts do not have")
    return value


def read_weights(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights of arms.

    Raises:
        InvalidArgument: one is none, or all are 0.
    """
    if not 1 <= len(weights) <= MOST_ARMS:
        raise InvalidArgument(f"weights has {len(weights)}; expected one for each arm")
    for weight in weights:
        if not 0.0 <= weight <= _MOST_WEIGHT:  # a NaN is not, either
            raise InvalidArgument(f"weights has {weight:g}; expected 0..{_MOST_WEIGHT:g}")
    if not sum(weights):
        raise InvalidArgument("weights are all 0; expected one above it")
    return tuple(weights)


def read_outcomes(request: pb.RecordOutcomesRequest) -> list[Outcome]:
    """Outcomes of sessions.

    Raises:
        InvalidArgument: there are none or too many, or one is wrong.
    """
    told = request.outcomes
    if not 1 <= len(told) <= MOST_OUTCOMES:
        raise InvalidArgument(f"outcomes has {len(told)}; expected 1..{MOST_OUTCOMES}")
    found = []
    for place, one in enumerate(told):
        session = check_session(f"outcomes[{place}].session", one.session)
        score = _part(f"outcomes[{place}].score", one.score)
        if one.version < 0:
            raise InvalidArgument(f"outcomes[{place}].version is {one.version}; expected 0 or more")
        found.append(Outcome(session, score, one.version))
    return found


def experiment_message(
    experiment: Experiment,
    figures: Sequence[Figures] = (),
    comparisons: Sequence[Comparison] = (),
) -> pb.Experiment:
    """An experiment on the wire."""
    definition = experiment.definition
    return pb.Experiment(
        experiment_id=experiment.experiment_id,
        kind=int(definition.kind),  # type: ignore[arg-type]
        state=int(experiment.state),  # type: ignore[arg-type]
        name=definition.name,
        alias=definition.alias,
        arms=[
            pb.ExperimentArm(version=version, weight=weight)
            for version, weight in zip(definition.versions, experiment.weights, strict=True)
        ],
        rules=_rules_message(definition.rules),
        plan=_plan_message(definition.plan) if definition.plan else None,
        step=experiment.step,
        step_begin_time=_time(experiment.step_begun),
        revision=experiment.revision,
        reason=definition.reason,
        creator=definition.creator,
        key_id=experiment.key_id,
        explanation=experiment.explanation,
        create_time=_time(experiment.created),
        end_time=_time(experiment.ended) if experiment.ended else None,
        figures=[_figures(experiment, arm, counted) for arm, counted in enumerate(figures)],
        comparisons=[_comparison(experiment, one) for one in comparisons],
    )


def _figures(experiment: Experiment, arm: int, counted: Figures) -> pb.ExperimentArmFigures:
    return pb.ExperimentArmFigures(
        version=experiment.definition.versions[arm],
        share=experiment.shares[arm],
        calls=counted.calls,
        errors=counted.errors,
        slow=counted.slow,
        mean_seconds=counted.seconds / counted.calls if counted.calls else 0.0,
        p50_seconds=counted.quantile(0.5),
        p99_seconds=counted.quantile(0.99),
        outcomes=counted.outcomes,
        mean_score=counted.score / counted.outcomes if counted.outcomes else 0.0,
        dropped=counted.dropped,
        compared_rows=counted.compared,
        agreeing_rows=counted.agreeing,
    )


def _comparison(experiment: Experiment, one: Comparison) -> pb.ExperimentComparison:
    return pb.ExperimentComparison(
        version=experiment.definition.versions[one.arm],
        metric=int(one.metric),  # type: ignore[arg-type]
        effect=one.effect,
        low=one.low,
        high=one.high,
        confidence=one.confidence,
        e_value=one.e_value,
        p_value=one.p_value,
        observations=one.observations,
        required_observations=one.required,
        ruled=one.tolerance is not None,
        tolerance=one.tolerance or 0.0,
        broken=one.broken,
    )


def _rules_message(rules: Rules) -> pb.ExperimentRules:
    return pb.ExperimentRules(
        significance=rules.significance,
        max_score_loss=rules.max_score_loss,
        max_error_increase=rules.max_error_increase,
        max_slow_increase=rules.max_slow_increase,
        slow_time=_duration(rules.slow_seconds),
        least_effect=rules.least_effect,
        power=rules.power,
    )


def _plan_message(plan: Plan) -> pb.CanaryPlan:
    return pb.CanaryPlan(
        steps=plan.steps,
        step_time=_duration(plan.step_seconds),
        step_answers=plan.step_answers,
        step_outcomes=plan.step_outcomes,
        promote=plan.promote,
    )


def _kind(number: int) -> Kind:
    try:
        return Kind(number)
    except ValueError:
        raise InvalidArgument(f"kind is {number}; expected AB, CANARY or SHADOW") from None


def _check_arms(kind: Kind, versions: Sequence[int]) -> None:
    most = MOST_ARMS if kind is Kind.AB else _PAIR
    if not _PAIR <= len(versions) <= most:
        wanted = f"2..{MOST_ARMS}" if kind is Kind.AB else "2"
        raise InvalidArgument(f"arms has {len(versions)}; expected {wanted} of {kind.name}")
    for place, version in enumerate(versions):
        if not 1 <= version <= _MOST_VERSION:
            raise InvalidArgument(f"arms[{place}].version is {version}; expected 1 or more")
    if len(set(versions)) < len(versions):
        raise InvalidArgument("arms has a version twice; expected each once")


def _rules(request: pb.CreateExperimentRequest, kind: Kind) -> Rules:
    told = request.rules
    is_shadow = kind is Kind.SHADOW
    if not request.HasField("rules"):
        return Rules(max_score_loss=None, max_slow_increase=None) if is_shadow else Rules()
    significance = told.significance or USUAL_SIGNIFICANCE
    if not 0.0 < significance < 0.5:
        raise InvalidArgument(f"rules.significance is {significance:g}; expected 0..0.5")
    power = told.power or USUAL_POWER
    if not 0.5 <= power <= 0.999:
        raise InvalidArgument(f"rules.power is {power:g}; expected 0.5..0.999")
    tolerances = {
        name: _part(f"rules.{name}", getattr(told, name)) if told.HasField(name) else None
        for name in ("max_score_loss", "max_error_increase", "max_slow_increase")
    }
    for name in ("max_score_loss", "max_slow_increase"):
        if is_shadow and tolerances[name] is not None:
            raise InvalidArgument(
                f"rules.{name} is set; a shadow answers nobody, so it has no such rule"
            )
    return Rules(
        significance=significance,
        slow_seconds=_seconds("rules.slow_time", told.slow_time, _MOST_SLOW_SECONDS)
        or USUAL_SLOW_SECONDS,
        least_effect=_part("rules.least_effect", told.least_effect) or USUAL_LEAST_EFFECT,
        power=power,
        **tolerances,
    )


def _plan(told: pb.CanaryPlan) -> Plan:
    steps = tuple(told.steps) or USUAL_STEPS
    if len(steps) > MOST_STEPS:
        raise InvalidArgument(f"plan.steps has {len(steps)}; at most {MOST_STEPS}")
    before = 0.0
    for place, share in enumerate(steps):
        if not before < share <= 1.0:
            raise InvalidArgument(
                f"plan.steps[{place}] is {share:g}; expected shares that rise, above 0 and at most "
                "1"
            )
        before = share
    answers = _count("plan.step_answers", told.step_answers)
    outcomes = _count("plan.step_outcomes", told.step_outcomes)
    return Plan(
        steps=steps,
        step_seconds=_seconds("plan.step_time", told.step_time, _MOST_STEP_SECONDS)
        or USUAL_STEP_SECONDS,
        step_answers=answers or (0 if outcomes else USUAL_STEP_ANSWERS),
        step_outcomes=outcomes,
        promote=told.promote,
    )


def _part(field: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InvalidArgument(f"{field} is {value:g}; expected 0..1")
    return value


def _count(field: str, value: int) -> int:
    if not 0 <= value <= _MOST_COUNT:
        raise InvalidArgument(f"{field} is {value}; expected 0..{_MOST_COUNT}")
    return value


def _seconds(field: str, told: Duration, most: float) -> float:
    seconds = told.seconds + told.nanos * 1e-9
    if not 0.0 <= seconds <= most:
        raise InvalidArgument(f"{field}: {seconds:g} s is outside 0..{most:g} s")
    return seconds


def _duration(seconds: float) -> Duration:
    whole = math.floor(seconds)
    return Duration(seconds=whole, nanos=round((seconds - whole) * 1e9))


def _time(when: datetime) -> Timestamp:
    time = Timestamp()
    time.FromDatetime(when)
    return time
