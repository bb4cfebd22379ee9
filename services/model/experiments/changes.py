"""The rules of experiments, each one a function over a transaction of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
)
from mazemesh.names import LATEST, shown
from services.model.experiments.calls.assignment import arm_of
from services.model.experiments.experiment import (
    MOST_RUNNING,
    Definition,
    Experiment,
    Kind,
    State,
)
from services.model.experiments.judging.deciding import decide, ended, reweighted
from services.model.experiments.judging.figures import Figures
from services.model.registry.aliases import set_alias
from services.model.registry.policy import State as VersionState
from services.model.registry.policy import Told
from services.model.registry.registry import not_found
from services.model.registry.rules import Permission
from services.model.store import Transaction

MOST_SESSIONS: Final = 10_000_000
"""Of an experiment that are written down."""

KEPT: Final = timedelta(days=7)
"""How long sessions are kept after the end."""

MOVER: Final = "experiment"
_CHAMPION: Final = "champion"
_PREVIOUS: Final = "previous"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session ended: its score, and the version that served it (0: not told)."""

    session: str
    score: float
    version: int = 0


def find(tx: Transaction, experiment_id: str) -> Experiment:
    """The experiment.

    Raises:
        NotFound: there is none; the message tells which run.
    """
    found = tx.experiments.get(experiment_id)
    return found if found is not None else _missing(tx, experiment_id)


def create(tx: Transaction, definition: Definition, key_id: str, now: datetime) -> Experiment:
    """Starts an experiment; one that was started by the same definition is returned as it is.

    Raises:
        MazemeshError: see CreateExperiment in model.proto.
    """
    tx.lock()
    known = tx.experiments.get(definition.experiment_id)
    if known is not None:
        if known.definition != definition:
            raise AlreadyExists(
                f"experiment_id: {definition.experiment_id!r} is another experiment, over "
                f"{known.policy}; an id is used once"
            )
        return known
    _check_versions(tx, definition)
    running = tx.experiments.running()
    for one in running:
        if one.policy == f"{definition.name}:{definition.alias}":
            raise FailedPrecondition(
                f"{one.policy} has the experiment {one.experiment_id}, which runs; stop it first"
            )
    if len(running) >= MOST_RUNNING:
        raise ResourceExhausted(f"{len(running)} experiments run; stop one of them first")
    experiment = Experiment(
        definition=definition,
        weights=definition.weights,
        step_begun=now,
        key_id=key_id,
        created=now,
    )
    tx.experiments.add(experiment)
    return experiment


def update(
    tx: Transaction, experiment_id: str, weights: Sequence[float], expected: int, now: datetime
) -> Experiment:
    """Gives the arms other weights.

    Raises:
        NotFound, FailedPrecondition, Conflict: see UpdateExperiment in model.proto.
        InvalidArgument: as many weights as there are arms are expected.
    """
    experiment = _held(tx, experiment_id)
    if expected and expected != experiment.revision:
        raise Conflict(
            f"expected_revision is {expected}, but {experiment_id} is at {experiment.revision}"
        )
    if not experiment.is_running:
        raise FailedPrecondition(
            f"{experiment_id} has ended ({experiment.state.name}): {experiment.explanation}"
        )
    arms = len(experiment.definition.versions)
    if len(weights) != arms:
        raise InvalidArgument(f"weights has {len(weights)}; expected one for each of {arms} arms")
    if experiment.definition.kind is Kind.SHADOW and not 0.0 <= weights[1] <= 1.0:
        raise InvalidArgument(
            f"weights has {weights[1]:g} for the shadow; expected the share of calls, 0..1"
        )
    figures = tx.experiments.figures(experiment_id)
    changed = reweighted(experiment, weights, figures, now)
    tx.experiments.put(changed)
    return changed


def stop(tx: Transaction, experiment_id: str, reason: str, now: datetime) -> Experiment:
    """Ends an experiment; one that has ended stays as it is.

    Raises:
        NotFound: there is none.
    """
    experiment = _held(tx, experiment_id)
    if not experiment.is_running:
        return experiment
    stopped = ended(experiment, State.STOPPED, reason or "stopped", now)
    tx.experiments.put(stopped)
    return stopped


def look(tx: Transaction, experiment_id: str, now: datetime) -> Experiment:
    """Looks at what the arms did; the experiment after that."""
    experiment = _held(tx, experiment_id)
    after = due(tx, experiment, now)
    if after is experiment:
        return experiment
    if after.state is State.PASSED:
        after = _promoted(tx, after, now)
    tx.experiments.put(after)
    return after


def due(tx: Transaction, experiment: Experiment, now: datetime) -> Experiment:
    """What a look would make of an experiment; itself where nothing changes. Writes nothing."""
    definition = experiment.definition
    if not experiment.is_running:
        return experiment
    alias = tx.aliases.get(definition.name, definition.alias)
    if alias is None or alias.number != definition.versions[0]:
        stands = f"stands for {alias.number} now" if alias else "is gone"
        words = f"{experiment.policy} {stands}, and {experiment.reference(0)} was the first arm"
        return ended(experiment, State.OVERTAKEN, words, now)
    for arm, number in enumerate(definition.versions):
        version = tx.versions.get(definition.name, number)
        if version is None or version.state is not VersionState.READY:
            state = version.state.name if version else "gone"
            words = f"{experiment.reference(arm)} is {state}, not READY"
            return ended(experiment, State.OVERTAKEN, words, now)
    return decide(experiment, tx.experiments.figures(experiment.experiment_id), now)


def routed(tx: Transaction) -> list[Experiment]:
    """Experiments that choose who is served: those that run, of aliases that were not moved."""
    found = []
    for one in tx.experiments.running():
        alias = tx.aliases.get(one.definition.name, one.definition.alias)
        if alias is not None and alias.number == one.definition.versions[0]:
            found.append(one)
    return found


def record(tx: Transaction, experiment_id: str, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Records how sessions ended; how many of them had no outcome before.

    Raises:
        NotFound, FailedPrecondition, InvalidArgument, ResourceExhausted: see model.proto.
    """
    experiment = _held(tx, experiment_id)
    if experiment.definition.kind is Kind.SHADOW:
        raise InvalidArgument(
            f"outcomes: {experiment_id} is of a shadow, which answers nobody, so sessions say "
            "nothing about it"
        )
    if experiment.ended is not None and experiment.ended + KEPT < now:
        raise FailedPrecondition(
            f"{experiment_id} ended more than {KEPT.days} days ago; outcomes are taken no more"
        )
    first = {one.session: one for one in reversed(outcomes)}
    known = tx.experiments.sessions(experiment_id, list(first))
    arms, scores = {}, {}
    more: dict[int, Figures] = {}
    for session, one in first.items():
        seen = known.get(session)
        if seen is not None and seen.score is not None:
            continue
        arm = seen.arm if seen is not None and not one.version else _arm(experiment, one)
        if seen is None:
            arms[session] = arm
        scores[session] = one.score
        counted = more.setdefault(seen.arm if seen is not None else arm, Figures())
        counted.outcomes += 1
        counted.score += one.score
    _check_room(tx, experiment, len(arms))
    tx.experiments.assign(experiment_id, arms)
    tx.experiments.settle(experiment_id, scores)
    tx.experiments.count(experiment_id, more)
    return len(scores)


def assign(tx: Transaction, experiment_id: str, session: str) -> int | None:
    """The arm that serves a session from now on; None where the experiment has ended.

    Raises:
        ResourceExhausted: there are too many sessions.
    """
    experiment = _held(tx, experiment_id)
    if not experiment.is_running:
        return None
    known = tx.experiments.sessions(experiment_id, [session]).get(session)
    if known is not None:
        return known.arm
    arm = arm_of(experiment_id, session, experiment.shares)
    _check_room(tx, experiment, 1)
    tx.experiments.assign(experiment_id, {session: arm})
    return arm


def count(tx: Transaction, experiment_id: str, more: Mapping[int, Figures]) -> None:
    """Adds what an instance counted."""
    if tx.experiments.hold(experiment_id) is not None:
        tx.experiments.count(experiment_id, more)


def _promoted(tx: Transaction, passed: Experiment, now: datetime) -> Experiment:
    """With the alias on the canary, where that was asked for and is allowed."""
    definition = passed.definition
    if definition.plan is None or not definition.plan.promote:
        return passed
    alias = tx.aliases.get(definition.name, definition.alias)
    told = Told(reason=f"canary {passed.experiment_id} passed", mover=MOVER, key_id=passed.key_id)
    try:
        set_alias(
            tx,
            definition.name,
            definition.alias,
            definition.versions[1],
            alias.revision if alias else 0,
            now=now,
            told=told,
            permission=Permission(told),
            previous=_PREVIOUS if definition.alias == _CHAMPION else "",
        )
    except MazemeshError as error:
        return replace(passed, explanation=f"{passed.explanation}; not promoted: {error}")
    return replace(passed, explanation=f"{passed.explanation}; {passed.policy} stands for it now")


def _check_versions(tx: Transaction, definition: Definition) -> None:
    name, alias = definition.name, definition.alias
    if alias == LATEST:
        raise FailedPrecondition(
            f"alias: {LATEST!r} moves by itself with each version, which would end the experiment; "
            "name another alias"
        )
    present = tx.aliases.get(name, alias)
    if present is None:
        not_found(tx, name, f"{name}:{alias} does not exist")
    if present.number != definition.versions[0]:
        raise FailedPrecondition(
            f"{name}:{alias} stands for {present.number}; the first arm is "
            f"{definition.versions[0]}, and should be the same"
        )
    for number in definition.versions:
        version = tx.versions.get(name, number)
        if version is None:
            not_found(tx, name, f"{name}:{number} does not exist")
        if version.state is not VersionState.READY:
            raise FailedPrecondition(f"{version.reference} is {version.state.name}, not READY")


def _arm(experiment: Experiment, outcome: Outcome) -> int:
    versions = experiment.definition.versions
    if not outcome.version:
        return arm_of(experiment.experiment_id, outcome.session, experiment.shares)
    if outcome.version not in versions:
        raise InvalidArgument(
            f"outcomes: version {outcome.version} of session {shown(outcome.session)} is no arm of "
            f"{experiment.experiment_id}; expected one of {', '.join(map(str, versions))}"
        )
    return versions.index(outcome.version)


def _check_room(tx: Transaction, experiment: Experiment, more: int) -> None:
    if more and tx.experiments.assigned(experiment.experiment_id) + more > MOST_SESSIONS:
        raise ResourceExhausted(
            f"{experiment.experiment_id} has {MOST_SESSIONS} sessions; start another experiment"
        )


def _held(tx: Transaction, experiment_id: str) -> Experiment:
    held = tx.experiments.hold(experiment_id)
    return held if held is not None else _missing(tx, experiment_id)


def _missing(tx: Transaction, experiment_id: str) -> Experiment:
    running = ", ".join(one.experiment_id for one in tx.experiments.running()) or "none"
    raise NotFound(f"no experiment is called {shown(experiment_id)}; those that run: {running}")
