"""Jobs in a relational database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from mazemesh.errors import Conflict, ResourceExhausted
from services._harness.sql.database import Database
from services.gateway.jobs.nouns.job import LIVE, OPEN, Job, State
from services.gateway.jobs.queueing.choosing import Bounds
from services.gateway.jobs.store import Choose
from services.gateway.jobs.stores.tables import jobs
from services.gateway.jobs.stores.written import read, written

RETRY_SECONDS = 30.0
"""After which a full queue may have room; a job takes minutes at the least."""

_AT_ONCE = 500  # variables in one statement; databases limit them


class SqlJobs:
    """A `JobStore` in the table `gateway_jobs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: Job, bounds: Bounds) -> Job:
        """See `JobStore.add`."""
        return await self._database.run(partial(_add, job=job, bounds=bounds))

    async def asked(self, owner: str, request_id: str) -> Job | None:
        """See `JobStore.asked`."""
        return await self._database.run(partial(_asked, owner=owner, request_id=request_id))

    async def check_room(self, owner: str, bounds: Bounds) -> None:
        """See `JobStore.check_room`."""
        await self._database.run(partial(_check_room, owner=owner, bounds=bounds))

    async def get(self, job_id: str) -> Job | None:
        """See `JobStore.get`."""
        found = await self.some([job_id])
        return found[0] if found else None

    async def some(self, job_ids: Collection[str]) -> Sequence[Job]:
        """See `JobStore.some`."""
        wanted = list(job_ids)

        def look(session: Session) -> list[Job]:
            return [
                read(row)
                for start in range(0, len(wanted), _AT_ONCE)
                for row in session.execute(
                    select(jobs).where(jobs.c.job_id.in_(wanted[start : start + _AT_ONCE]))
                )
            ]

        return await self._database.run(look)

    async def page(
        self, before: int, count: int, owner: str | None, states: Collection[State]
    ) -> Sequence[Job]:
        """See `JobStore.page`."""
        query = select(jobs).order_by(jobs.c.number.desc()).limit(count)
        if before:
            query = query.where(jobs.c.number < before)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        if states:
            query = query.where(jobs.c.state.in_([state.value for state in states]))
        rows = await self._database.run(lambda session: session.execute(query).all())
        return [read(row) for row in rows]

    async def open(self) -> Sequence[Job]:
        """See `JobStore.open`."""
        return await self._database.run(_open)

    async def claim(self, choose: Choose) -> Sequence[Job]:
        """See `JobStore.claim`."""
        return await self._database.run(partial(_claim, choose=choose))

    async def replace(self, job: Job) -> bool:
        """See `JobStore.replace`."""
        return await self._database.run(partial(_replace, job=job))

    async def forget(self, ended_before: float, keep: int) -> Sequence[str]:
        """See `JobStore.forget`."""
        return await self._database.run(partial(_forget, ended_before=ended_before, keep=keep))


def _add(session: Session, job: Job, bounds: Bounds) -> Job:
    _alone(session)
    if job.request_id and (known := _asked(session, job.owner, job.request_id)) is not None:
        return known
    _check_room(session, job.owner, bounds)
    open_of_name = (jobs.c.policy == job.work.policy) & jobs.c.state.in_(_OPEN)
    other = session.execute(select(jobs.c.job_id).where(open_of_name).limit(1)).scalar()
    if other is not None:
        raise Conflict(
            f"policy: job {other} works on {job.work.policy!r} and has not ended; stop it, or take "
            "another name"
        )
    number = session.execute(insert(jobs).values(_row(job)).returning(jobs.c.number)).scalar_one()
    return replace(job, number=number)


def _asked(session: Session, owner: str, request_id: str) -> Job | None:
    same = (jobs.c.owner == owner) & (jobs.c.request_id == request_id)
    row = session.execute(select(jobs).where(same)).one_or_none()
    return None if row is None else read(row)


def _check_room(session: Session, owner: str, bounds: Bounds) -> None:
    waiting = select(func.count()).where(jobs.c.state == State.QUEUED.value)
    own = session.execute(waiting.where(jobs.c.owner == owner)).scalar_one()
    if own >= bounds.waiting_per_key:
        raise ResourceExhausted(
            f"{own} jobs of this key wait, and that is as many as may; wait for some, or stop "
            "some (`mazemesh jobs stop ID`)",
            reason="QUEUE_FULL",
            retry_after=RETRY_SECONDS,
        )
    every = session.execute(waiting).scalar_one()
    if every >= bounds.waiting:
        raise ResourceExhausted(
            f"{every} jobs wait, and that is as many as may; try again later",
            reason="QUEUE_FULL",
            retry_after=RETRY_SECONDS,
        )


def _open(session: Session) -> list[Job]:
    query = select(jobs).where(jobs.c.state.in_(_OPEN)).order_by(jobs.c.number)
    return [read(row) for row in session.execute(query)]


def _claim(session: Session, choose: Choose) -> list[Job]:
    _alone(session)
    there = _open(session)
    waiting = [job for job in there if job.state is State.QUEUED]
    claimed = choose(waiting, [job for job in there if job.state in LIVE])
    return [job for job in claimed if _replace(session, job)]


def _replace(session: Session, job: Job) -> bool:
    known = (jobs.c.job_id == job.job_id) & (jobs.c.revision == job.revision - 1)
    changed = session.execute(update(jobs).where(known).values(_row(job)).returning(jobs.c.number))
    return changed.one_or_none() is not None


def _forget(session: Session, ended_before: float, keep: int) -> list[str]:
    over = (jobs.c.ended > 0) & jobs.c.state.not_in(_OPEN)
    kept = select(jobs.c.number).where(over).order_by(jobs.c.number.desc()).limit(keep)
    newest = list(session.execute(kept).scalars())
    old = over & (jobs.c.ended < ended_before) & jobs.c.number.not_in(newest)
    return list(session.execute(delete(jobs).where(old).returning(jobs.c.job_id)).scalars())


def _alone(session: Session) -> None:
    """Counts and what follows from them are one: nobody else adds or claims meanwhile."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE gateway_jobs IN SHARE ROW EXCLUSIVE MODE"))


def _row(job: Job) -> dict[str, object]:
    return {
        "job_id": job.job_id,
        "owner": job.owner,
        "request_id": job.request_id or None,
        "policy": job.work.policy,
        "state": job.state.value,
        "revision": job.revision,
        "ended": job.ended,
        "body": written(job),
    }


_OPEN = [state.value for state in OPEN]
