"""Events of workers in SQL, beside the matches that they were leased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, and_, case, func, insert, not_, or_, select, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.matchmaker.gates.run import RunState
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.stores.sql_leases import match_of
from services.matchmaker.stores.tables import gates, matches, worker_events
from services.matchmaker.tournaments.tournaments import PREFIX
from services.matchmaker.workers.events import (
    Audit,
    Completed,
    Suspicion,
    WorkerEvent,
    WorkerStatus,
)

_HIGHEST = 2**62
_MOST_SOUND = 20_000
_DECIDED = [
    state.value
    for state in (RunState.PASSED, RunState.FAILED, RunState.PROMOTED, RunState.OVERTAKEN)
]
"""States of gates whose verdict rests on their matches; brackets rest on all of theirs."""

_EVIDENCE = ("match_ids", "p_value", "retracted", "kept")


class SqlWorkers:
    """A `WorkerStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, worker: str) -> WorkerEvent | None:
        """See `WorkerStore`."""
        return await self._database.run(lambda session: _last(session, worker))

    async def known(self, worker: str) -> bool:
        """See `WorkerStore`."""
        return await self._database.run(lambda session: _known(session, worker))

    async def add(self, event: WorkerEvent) -> None:
        """See `WorkerStore`."""
        await self._database.run(lambda session: _add(session, event))

    async def quarantine(self, event: WorkerEvent) -> tuple[WorkerEvent, list[Match]]:
        """See `WorkerStore`."""
        return await self._database.run(lambda session: _quarantine(session, event))

    async def events(
        self, before: int, limit: int, worker: str = ""
    ) -> list[tuple[int, WorkerEvent]]:
        """See `WorkerStore`."""
        column = worker_events.c
        asked = select(worker_events).where(column.position < (before or _HIGHEST))
        if worker:
            asked = asked.where(column.worker == worker)
        asked = asked.order_by(column.position.desc()).limit(limit)
        return await self._database.run(
            lambda session: [(row.position, _event(row)) for row in session.execute(asked)]
        )

    async def statuses(self) -> list[WorkerStatus]:
        """See `WorkerStore`."""
        return await self._database.run(_statuses)

    async def running_gates(self, worker: str) -> list[str]:
        """See `WorkerStore`."""
        own = (
            select(matches.c.run_id)
            .join(gates, gates.c.run_id == matches.c.run_id)
            .where(
                matches.c.worker == worker,
                matches.c.state == State.COMPLETED.value,
                gates.c.state == RunState.RUNNING.value,
            )
            .distinct()
        )
        return await self._database.run(lambda session: sorted(session.scalars(own)))

    async def completed(self, audit: Audit, before: float, limit: int) -> list[Completed]:
        """See `WorkerStore`."""
        column = matches.c
        asked = (
            select(matches)
            .where(
                column.audit == audit.value,
                column.state == State.COMPLETED.value,
                column.end_time < before,
            )
            .order_by(column.end_time)
            .limit(limit)
        )
        return await self._database.run(
            lambda session: [_completed(row) for row in session.execute(asked)]
        )

    async def mark(self, found: Mapping[str, tuple[Audit, float]]) -> None:
        """See `WorkerStore`."""
        await self._database.run(lambda session: _mark(session, found), idempotent=True)

    async def sound(self) -> Sequence[Completed]:
        """See `WorkerStore`."""
        asked = (
            select(matches)
            .where(matches.c.audit == Audit.SOUND.value, matches.c.state == State.COMPLETED.value)
            .order_by(matches.c.end_time.desc())
            .limit(_MOST_SOUND)
        )
        return await self._database.run(
            lambda session: [_completed(row) for row in session.execute(asked)]
        )


def _last(session: Session, worker: str) -> WorkerEvent | None:
    own = select(worker_events).where(worker_events.c.worker == worker)
    row = session.execute(own.order_by(worker_events.c.position.desc()).limit(1)).one_or_none()
    return None if row is None else _event(row)


def _known(session: Session, worker: str) -> bool:
    if _last(session, worker) is not None:
        return True
    held = select(matches.c.match_id).where(matches.c.worker == worker).limit(1)
    return session.scalar(held) is not None


def _add(session: Session, event: WorkerEvent) -> None:
    fields = asdict(event)
    evidence = {name: fields.pop(name) for name in _EVIDENCE}
    fields |= {"rule": event.rule.value, "evidence": evidence}
    session.execute(insert(worker_events), [fields])


def _quarantine(session: Session, event: WorkerEvent) -> tuple[WorkerEvent, list[Match]]:
    column = matches.c
    held = and_(column.worker == event.worker, column.state == State.LEASED.value)
    rows = session.execute(select(matches).where(held).with_for_update()).all()
    session.execute(
        update(matches)
        .where(held)
        .values(
            state=State.QUEUED.value,
            fence=column.fence + 1,
            attempts=column.attempts - 1,
            worker="",
            expire_time=0.0,
        )
    )
    queued = [
        replace(match_of(row), state=State.QUEUED, fence=row.fence + 1, worker="") for row in rows
    ]
    decided = select(gates.c.run_id).where(gates.c.state.in_(_DECIDED))
    used = or_(column.run_id.in_(decided), column.run_id.startswith(PREFIX))
    done = and_(
        column.worker == event.worker,
        column.state == State.COMPLETED.value,
        column.audit.notin_([Audit.VOID.value, Audit.RETRACTED.value]),
    )
    kept = session.scalars(select(func.count()).select_from(matches).where(done, used)).one()
    voided = session.execute(
        update(matches)
        .where(done, not_(used))
        .values(audit=Audit.VOID.value)
        .returning(column.match_id)
    ).all()
    event = replace(event, retracted=len(voided), kept=kept)
    _add(session, event)
    return event, queued


def _mark(session: Session, found: Mapping[str, tuple[Audit, float]]) -> None:
    for match_id, (audit, score) in found.items():
        own = update(matches).where(matches.c.match_id == match_id)
        if audit is not Audit.RETRACTED:  # what was void in the meantime stays so
            own = own.where(matches.c.audit == Audit.OPEN.value)
        session.execute(own.values(audit=audit.value, score=score))


def _statuses(session: Session) -> list[WorkerStatus]:
    column = matches.c
    done = case((column.state == State.COMPLETED.value, 1), else_=0)
    counts = session.execute(
        select(
            column.worker,
            func.sum(case((column.state == State.LEASED.value, 1), else_=0)),
            func.sum(done),
            func.sum(case((column.audit == Audit.SOUND.value, done), else_=0)),
        )
        .where(column.worker != "")
        .group_by(column.worker)
    ).all()
    found = {row[0]: WorkerStatus(row[0], int(row[1]), int(row[2]), int(row[3])) for row in counts}
    newest = select(func.max(worker_events.c.position)).group_by(worker_events.c.worker)
    lasts: Iterable[Row[Any]] = session.execute(
        select(worker_events).where(worker_events.c.position.in_(newest))
    )
    for row in lasts:
        known = found.get(row.worker, WorkerStatus(row.worker))
        found[row.worker] = replace(known, last=_event(row))
    return [found[worker] for worker in sorted(found)]


def _event(row: Row[Any]) -> WorkerEvent:
    return WorkerEvent(
        worker=row.worker,
        time=row.time,
        quarantined=row.quarantined,
        rule=Suspicion(row.rule),
        reason=row.reason,
        match_ids=tuple(row.evidence["match_ids"]),
        p_value=row.evidence["p_value"],
        retracted=row.evidence["retracted"],
        kept=row.evidence["kept"],
        starter=row.starter,
        key_id=row.key_id,
    )


def _completed(row: Row[Any]) -> Completed:
    return Completed(
        row.match_id,
        row.worker,
        row.ladder,
        tuple(row.participants),
        row.gate_id,
        row.lease_time,
        row.end_time,
        Audit(row.audit),
        row.score,
    )
