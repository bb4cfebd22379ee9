"""Runs of gates in SQL, and the matches that are issued with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.sql.database import Database, insert_or
from services.matchmaker.gates.issuing import Step
from services.matchmaker.gates.run import GateRun, RunState
from services.matchmaker.rating.leases import State
from services.matchmaker.stores.gate_columns import from_json, to_json
from services.matchmaker.stores.sql_leases import insert_matches
from services.matchmaker.stores.tables import gates, matches

_TRIES = 10
_HIGHEST = 2**62


class SqlGates:
    """A `GateStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, run: GateRun, most: int) -> GateRun:
        """See `GateStore`."""
        return await self._database.run(lambda session: _open(session, run, most))

    async def get(self, gate_id: str) -> GateRun | None:
        """See `GateStore`."""
        return await self._database.run(lambda session: _get(session, gate_id))

    async def requested(self, request_ids: Collection[str]) -> dict[str, GateRun]:
        """See `GateStore`."""
        asked = select(gates).where(gates.c.request_id.in_(request_ids))
        return await self._database.run(
            lambda session: {row.request_id: _run(row) for row in session.execute(asked)}
        )

    async def running(self) -> list[GateRun]:
        """See `GateStore`."""
        asked = (
            select(gates).where(gates.c.state == RunState.RUNNING.value).order_by(gates.c.position)
        )
        return await self._database.run(
            lambda session: [_run(row) for row in session.execute(asked)]
        )

    async def page(
        self, before: int, limit: int, *, gate_id: str = "", name: str = ""
    ) -> list[tuple[int, GateRun]]:
        """See `GateStore`."""
        asked = select(gates).where(gates.c.position < (before or _HIGHEST))
        if gate_id:
            asked = asked.where(gates.c.gate_id == gate_id)
        if name:
            asked = asked.where(gates.c.name == name)
        asked = asked.order_by(gates.c.position.desc()).limit(limit)
        return await self._database.run(
            lambda session: [(row.position, _run(row)) for row in session.execute(asked)]
        )

    async def change(
        self, gate_id: str, change: Callable[[GateRun], Step | None]
    ) -> GateRun | None:
        """See `GateStore`."""
        return await self._database.run(lambda session: _change(session, gate_id, change))

    async def unplayed(self, gate_id: str) -> Mapping[str, State]:
        """See `GateStore`."""
        asked = (
            select(matches.c.match_id, matches.c.state)
            .where(matches.c.gate_id == gate_id, matches.c.state != State.COMPLETED.value)
            .order_by(matches.c.create_time)
        )
        return await self._database.run(
            lambda session: {row.match_id: State(row.state) for row in session.execute(asked)}
        )


def _open(session: Session, run: GateRun, most: int) -> GateRun:
    known = select(gates).where(gates.c.request_id == run.request_id)
    row = session.execute(known).one_or_none()
    if row is not None:
        return _run(row)
    # Of two instances that look at once both may find room: the bound is one of cost, not of sense.
    running = session.scalars(
        select(func.count()).where(gates.c.state == RunState.RUNNING.value)
    ).one()
    if running >= most:
        raise ResourceExhausted(
            f"{running} gates run, which is the most (MAZEMESH_MATCHMAKER_MAX_GATES); cancel one, "
            "or wait for one to end"
        )
    values = {"gate_id": run.gate_id, "request_id": run.request_id, "name": run.name}
    added = insert_or(session, gates).values(**values, **_values(run)).on_conflict_do_nothing()
    session.execute(added)
    return _run(session.execute(known).one())


def _get(session: Session, gate_id: str) -> GateRun | None:
    row = session.execute(select(gates).where(gates.c.gate_id == gate_id)).one_or_none()
    return None if row is None else _run(row)


def _change(
    session: Session, gate_id: str, change: Callable[[GateRun], Step | None]
) -> GateRun | None:
    for _ in range(_TRIES):
        old = _get(session, gate_id)
        step = None if old is None else change(old)
        if old is None or step is None:
            return None
        new = replace(step.run, revision=old.revision + 1)
        if _replace(session, old, new):
            if step.matches:
                insert_matches(session, step.matches)
            if not new.running:
                _drop_queued(session, gate_id)
            return new
    raise Unavailable(f"gate {gate_id} is being changed by many others; try again")


def _replace(session: Session, old: GateRun, new: GateRun) -> bool:
    replaced = session.execute(
        update(gates)
        .where(gates.c.gate_id == old.gate_id, gates.c.revision == old.revision)
        .values(_values(new))
        .returning(gates.c.revision)
    )
    return replaced.one_or_none() is not None


def _drop_queued(session: Session, gate_id: str) -> None:
    queued = (matches.c.gate_id == gate_id) & (matches.c.state == State.QUEUED.value)
    session.execute(delete(matches).where(queued))


def _values(run: GateRun) -> dict[str, Any]:
    return {"state": run.state.value, "revision": run.revision, "run": to_json(run)}


def _run(row: Row[Any]) -> GateRun:
    columns = {
        "gate_id": row.gate_id,
        "request_id": row.request_id,
        "state": row.state,
        "revision": row.revision,
    }
    return from_json(row.run, columns)
