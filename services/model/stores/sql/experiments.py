"""Experiments in SQL; statements are made once, as in `sql.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.sql.dml import Update

from services.model.experiments.experiment import Experiment, State
from services.model.experiments.judging.figures import Figures
from services.model.experiments.store import Known
from services.model.stores.sql.experiment_json import definition_json, read_definition
from services.model.stores.sql.tables import (
    EXPERIMENT_ARMS,
    EXPERIMENT_SESSIONS,
    EXPERIMENTS,
)
from services.model.stores.sql.utc import in_utc

_HIGHEST: Final = 2**62
_NUMBERS: Final = (
    *("calls", "errors", "slow", "seconds", "dropped", "compared", "agreeing"),
    *("outcomes", "score"),
)
_CHANGING: Final = (
    *("state", "weights", "step", "step_begun", "step_answers", "step_outcomes", "revision"),
    *("explanation", "ended"),
)

_IN_USE: Final = (
    select(EXPERIMENT_ARMS.c.number, EXPERIMENTS.c.experiment_id)
    .join(EXPERIMENTS, EXPERIMENTS.c.experiment_id == EXPERIMENT_ARMS.c.experiment_id)
    .where(EXPERIMENTS.c.state == State.RUNNING, EXPERIMENTS.c.name == bindparam("of"))
)
_GET: Final = select(EXPERIMENTS).where(EXPERIMENTS.c.experiment_id == bindparam("of"))
_HOLD: Final = _GET.with_for_update()
_RUNNING: Final = (
    select(EXPERIMENTS)
    .where(EXPERIMENTS.c.state == State.RUNNING)
    .order_by(EXPERIMENTS.c.experiment_id)
)
_ADD: Final = insert(EXPERIMENTS)
_PUT: Final = (
    update(EXPERIMENTS)
    .where(EXPERIMENTS.c.experiment_id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_ADD_ARM: Final = insert(EXPERIMENT_ARMS)
_ARMS: Final = (
    select(EXPERIMENT_ARMS)
    .where(EXPERIMENT_ARMS.c.experiment_id == bindparam("of"))
    .order_by(EXPERIMENT_ARMS.c.arm)
)


def _of_arm() -> Update:
    table = EXPERIMENT_ARMS
    return update(table).where(
        table.c.experiment_id == bindparam("of"), table.c.arm == bindparam("which")
    )


_COUNT: Final = _of_arm().values(
    {name: EXPERIMENT_ARMS.c[name] + bindparam(f"more_{name}") for name in _NUMBERS}
    | {"latencies": bindparam("all_latencies")}
)
_COUNT_SESSIONS: Final = _of_arm().values(sessions=EXPERIMENT_ARMS.c.sessions + bindparam("more"))
_ASSIGNED: Final = select(func.coalesce(func.sum(EXPERIMENT_ARMS.c.sessions), 0)).where(
    EXPERIMENT_ARMS.c.experiment_id == bindparam("of")
)
_SESSIONS: Final = select(EXPERIMENT_SESSIONS).where(
    EXPERIMENT_SESSIONS.c.experiment_id == bindparam("of"),
    EXPERIMENT_SESSIONS.c.session.in_(bindparam("wanted", expanding=True)),
)
_ADD_SESSION: Final = insert(EXPERIMENT_SESSIONS)
_SETTLE: Final = (
    update(EXPERIMENT_SESSIONS)
    .where(
        EXPERIMENT_SESSIONS.c.experiment_id == bindparam("of"),
        EXPERIMENT_SESSIONS.c.session == bindparam("which"),
    )
    .values(score=bindparam("reached"))
)
_FORGET_SESSIONS: Final = delete(EXPERIMENT_SESSIONS).where(
    EXPERIMENT_SESSIONS.c.experiment_id.in_(
        select(EXPERIMENTS.c.experiment_id).where(
            EXPERIMENTS.c.state != State.RUNNING, EXPERIMENTS.c.ended < bindparam("before")
        )
    )
)


class SqlExperiments:
    """`Experiments` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, experiment_id: str) -> Experiment | None:
        """The experiment, or None."""
        row = self._connection.execute(_GET, {"of": experiment_id}).first()
        return _experiment(row) if row else None

    def hold(self, experiment_id: str) -> Experiment | None:
        """As `get`; until the transaction ends nobody else holds it.

        A transaction of SQLite has the whole database from its beginning.
        """
        if self._connection.dialect.name == "sqlite":
            return self.get(experiment_id)
        row = self._connection.execute(_HOLD, {"of": experiment_id}).first()
        return _experiment(row) if row else None

    def running(self) -> list[Experiment]:
        """Those that run, by id."""
        return [_experiment(row) for row in self._connection.execute(_RUNNING)]

    def page(
        self, name: str, before: int, limit: int, *, running_only: bool
    ) -> list[tuple[int, Experiment]]:
        """Experiments with their positions, the last started first."""
        query = (
            select(EXPERIMENTS)
            .where(EXPERIMENTS.c.position < (before or _HIGHEST))
            .order_by(EXPERIMENTS.c.position.desc())
            .limit(limit)
        )
        if name:
            query = query.where(EXPERIMENTS.c.name == name)
        if running_only:
            query = query.where(EXPERIMENTS.c.state == State.RUNNING)
        return [(row.position, _experiment(row)) for row in self._connection.execute(query)]

    def add(self, experiment: Experiment) -> None:
        """Adds an experiment of a new id."""
        definition = experiment.definition
        row = {
            "experiment_id": experiment.experiment_id,
            "name": definition.name,
            "alias": definition.alias,
            "definition": definition_json(definition),
            "key_id": experiment.key_id,
            "created": experiment.created,
            **_changing(experiment),
        }
        self._connection.execute(_ADD, row)
        none = Figures()
        zeros = {name: getattr(none, name) for name in (*_NUMBERS, "latencies")}
        arms = [
            {
                "experiment_id": experiment.experiment_id,
                "arm": arm,
                "number": number,
                "sessions": 0,
                **zeros,
            }
            for arm, number in enumerate(definition.versions)
        ]
        self._connection.execute(_ADD_ARM, arms)

    def put(self, experiment: Experiment) -> None:
        """Replaces one; its definition stays."""
        values = {f"new_{name}": value for name, value in _changing(experiment).items()}
        self._connection.execute(_PUT, {"of": experiment.experiment_id, **values})

    def figures(self, experiment_id: str) -> list[Figures]:
        """Of all arms, in order."""
        rows = self._connection.execute(_ARMS, {"of": experiment_id})
        return [
            Figures(
                **{name: getattr(row, name) for name in _NUMBERS}, latencies=list(row.latencies)
            )
            for row in rows
        ]

    def count(self, experiment_id: str, more: Mapping[int, Figures]) -> None:
        """Adds to the figures of arms."""
        if not more:
            return
        present = self.figures(experiment_id)
        changes = []
        for arm, added in more.items():
            classes = zip(present[arm].latencies, added.latencies, strict=True)
            changes.append(
                {
                    "of": experiment_id,
                    "which": arm,
                    **{f"more_{name}": getattr(added, name) for name in _NUMBERS},
                    "all_latencies": [one + other for one, other in classes],
                }
            )
        self._connection.execute(_COUNT, changes)

    def sessions(self, experiment_id: str, sessions: Sequence[str]) -> dict[str, Known]:
        """Those of the sessions that were written down."""
        asked = {"of": experiment_id, "wanted": list(sessions)}
        found = self._connection.execute(_SESSIONS, asked)
        return {row.session: Known(row.arm, row.score) for row in found}

    def assign(self, experiment_id: str, arms: Mapping[str, int]) -> None:
        """Writes down the arms of sessions that were not."""
        if not arms:
            return
        rows = [
            {"experiment_id": experiment_id, "session": session, "arm": arm}
            for session, arm in arms.items()
        ]
        self._connection.execute(_ADD_SESSION, rows)
        more = [
            {"of": experiment_id, "which": arm, "more": sessions}
            for arm, sessions in Counter(arms.values()).items()
        ]
        self._connection.execute(_COUNT_SESSIONS, more)

    def settle(self, experiment_id: str, scores: Mapping[str, float]) -> None:
        """Writes down outcomes of sessions that were assigned."""
        if scores:
            rows = [
                {"of": experiment_id, "which": session, "reached": score}
                for session, score in scores.items()
            ]
            self._connection.execute(_SETTLE, rows)

    def assigned(self, experiment_id: str) -> int:
        """How many sessions were written down."""
        return int(self._connection.execute(_ASSIGNED, {"of": experiment_id}).scalar_one())

    def in_use(self, name: str) -> dict[int, str]:
        """Versions of a name that are arms of an experiment that runs, and its id."""
        found = self._connection.execute(_IN_USE, {"of": name})
        return {row.number: row.experiment_id for row in found}

    def forget_sessions(self, ended_before: datetime) -> int:
        """Deletes sessions of experiments that ended before."""
        return self._connection.execute(_FORGET_SESSIONS, {"before": ended_before}).rowcount


def _changing(experiment: Experiment) -> dict[str, Any]:
    return {
        **{name: getattr(experiment, name) for name in _CHANGING},
        "weights": list(experiment.weights),
    }


def _experiment(row: Row[Any]) -> Experiment:
    return Experiment(
        definition=read_definition(row.definition),
        state=State(row.state),
        weights=tuple(row.weights),
        step=row.step,
        step_begun=in_utc(row.step_begun),
        step_answers=row.step_answers,
        step_outcomes=row.step_outcomes,
        revision=row.revision,
        key_id=row.key_id,
        explanation=row.explanation,
        created=in_utc(row.created),
        ended=in_utc(row.ended) if row.ended else None,
    )
