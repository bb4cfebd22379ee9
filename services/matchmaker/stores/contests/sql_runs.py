"""Runs of gates and tournaments in SQL, and the matches that are issued with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from sqlalchemy import Row, Table, delete, func, select, update
from sqlalchemy.orm import Session

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.sql.database import Database, insert_or
from services.matchmaker.rating.leases import State
from services.matchmaker.runs.store import RunT, Step
from services.matchmaker.stores.sql_leases import insert_matches
from services.matchmaker.stores.tables import matches

_TRIES = 10
_HIGHEST = 2**62
_RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Kind(Generic[RunT]):
    """One kind of runs.

    Attributes:
        noun: In messages: "gate".
        setting: That says how many run at once.
        table: Where they are.
        state: Of a run, as its column has it: "running" as long as it has not ended.
        to_json: All of a run but id, request's id, state and revision.
        from_json: The run again, with these four by name; the id is "run_id".
        also: Writes what else a step brings, in its transaction.
    """

    noun: str
    setting: str
    table: Table
    state: Callable[[RunT], str]
    to_json: Callable[[RunT], dict[str, Any]]
    from_json: Callable[[Mapping[str, Any], Mapping[str, Any]], RunT]
    also: Callable[[Session, Step[RunT]], None] = lambda session, step: None


class SqlRuns(Generic[RunT]):
    """A `RunStore` in a migrated database."""

    def __init__(self, database: Database, kind: Kind[RunT]) -> None:
        self._database = database
        self._kind = kind
        self._rows = kind.table.c
        # The column of ids has a name of its own in each table.
        self._all = select(kind.table, kind.table.c.run_id.label("run_id"))

    async def open(self, run: RunT, most: int) -> RunT:
        """See `RunStore`."""
        return await self._database.run(lambda session: self._open(session, run, most))

    async def get(self, run_id: str) -> RunT | None:
        """See `RunStore`."""
        return await self._database.run(lambda session: self._get(session, run_id))

    async def requested(self, request_ids: Collection[str]) -> dict[str, RunT]:
        """See `RunStore`."""
        asked = self._all.where(self._rows.request_id.in_(request_ids))
        return await self._database.run(
            lambda session: {row.request_id: self._run(row) for row in session.execute(asked)}
        )

    async def running(self) -> list[RunT]:
        """See `RunStore`."""
        asked = self._all.where(self._rows.state == _RUNNING)
        asked = asked.order_by(self._rows.position)
        return await self._database.run(
            lambda session: [self._run(row) for row in session.execute(asked)]
        )

    async def page(
        self, before: int, limit: int, *, run_id: str = "", name: str = ""
    ) -> list[tuple[int, RunT]]:
        """See `RunStore`."""
        asked = self._all.where(self._rows.position < (before or _HIGHEST))
        if run_id:
            asked = asked.where(self._rows.run_id == run_id)
        if name:
            asked = asked.where(self._rows.name == name)
        asked = asked.order_by(self._rows.position.desc()).limit(limit)
        return await self._database.run(
            lambda session: [(row.position, self._run(row)) for row in session.execute(asked)]
        )

    async def change(self, run_id: str, change: Callable[[RunT], Step[RunT] | None]) -> RunT | None:
        """See `RunStore`."""
        return await self._database.run(lambda session: self._change(session, run_id, change))

    async def unplayed(self, run_id: str) -> Mapping[str, State]:
        """See `RunStore`."""
        asked = (
            select(matches.c.match_id, matches.c.state)
            .where(matches.c.run_id == run_id, matches.c.state != State.COMPLETED.value)
            .order_by(matches.c.create_time)
        )
        return await self._database.run(
            lambda session: {row.match_id: State(row.state) for row in session.execute(asked)}
        )

    def _open(self, session: Session, run: RunT, most: int) -> RunT:
        known = self._all.where(self._rows.request_id == run.request_id)
        row = session.execute(known).one_or_none()
        if row is not None:
            return self._run(row)
        # Of two instances that look at once both may find room: the bound is one of cost, not of
        # sense.
        running = session.scalars(select(func.count()).where(self._rows.state == _RUNNING)).one()
        if running >= most:
            raise ResourceExhausted(
                f"{running} {self._kind.noun}s run, which is the most ({self._kind.setting}); "
                "cancel one, or wait for one to end"
            )
        values = {"run_id": run.run_id, "request_id": run.request_id, "name": run.name}
        added = insert_or(session, self._kind.table).values(**values, **self._values(run))
        session.execute(added.on_conflict_do_nothing())
        return self._run(session.execute(known).one())

    def _get(self, session: Session, run_id: str) -> RunT | None:
        asked = self._all.where(self._rows.run_id == run_id)
        row = session.execute(asked).one_or_none()
        return None if row is None else self._run(row)

    def _change(
        self, session: Session, run_id: str, change: Callable[[RunT], Step[RunT] | None]
    ) -> RunT | None:
        for _ in range(_TRIES):
            old = self._get(session, run_id)
            step = None if old is None else change(old)
            if old is None or step is None:
                return None
            new = replace(step.run, revision=old.revision + 1)
            if self._replace(session, old, new):
                if step.matches:
                    insert_matches(session, step.matches)
                self._kind.also(session, step)
                if not new.running:
                    _drop_queued(session, run_id)
                return new
        raise Unavailable(f"{self._kind.noun} {run_id} is being changed by many others; try again")

    def _replace(self, session: Session, old: RunT, new: RunT) -> bool:
        replaced = session.execute(
            update(self._kind.table)
            .where(self._rows.run_id == old.run_id, self._rows.revision == old.revision)
            .values(self._values(new))
            .returning(self._rows.revision)
        )
        return replaced.one_or_none() is not None

    def _values(self, run: RunT) -> dict[str, Any]:
        return {
            "state": self._kind.state(run),
            "revision": run.revision,
            "run": self._kind.to_json(run),
        }

    def _run(self, row: Row[Any]) -> RunT:
        columns = {
            "run_id": row.run_id,
            "request_id": row.request_id,
            "state": row.state,
            "revision": row.revision,
        }
        return self._kind.from_json(row.run, columns)


def _drop_queued(session: Session, run_id: str) -> None:
    queued = (matches.c.run_id == run_id) & (matches.c.state == State.QUEUED.value)
    session.execute(delete(matches).where(queued))
