"""Whose turn it is, as rows of SQL; time is the database's own where it has a clock."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.matchmaker.stores.tables import leaders


class SqlLeaders:
    """A `LeaderStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, task: str, owner: str, seconds: float) -> int | None:
        """See `LeaderStore`."""
        # Asked twice, it is held twice: the fence may be one higher than need be.
        return await self._database.run(
            lambda session: _hold(session, task, owner, seconds), idempotent=True
        )

    async def leave(self, task: str, owner: str) -> None:
        """See `LeaderStore`."""
        own = (leaders.c.task == task) & (leaders.c.owner == owner)
        over = update(leaders).where(own).values(expire_time=0.0)
        await self._database.run(lambda session: session.execute(over), idempotent=True)


def _hold(session: Session, task: str, owner: str, seconds: float) -> int | None:
    now = _now(session)
    over = leaders.c.expire_time <= now
    # One statement: a process that is stopped has no lock in hand meanwhile.
    taken: int | None = session.scalar(
        update(leaders)
        .where(leaders.c.task == task, or_(leaders.c.owner == owner, over))
        .values(
            owner=owner,
            fence=leaders.c.fence + case((over, 1), else_=0),
            expire_time=now + seconds,
        )
        .returning(leaders.c.fence)
    )
    if taken is not None:
        return taken
    if session.scalar(select(leaders.c.fence).where(leaders.c.task == task)) is not None:
        return None
    first = {"task": task, "owner": owner, "fence": 1, "expire_time": now + seconds}
    try:
        with session.begin_nested():
            session.execute(insert(leaders).values(first))
    except IntegrityError:
        # Another instance was faster.
        return None
    return 1


def _now(session: Session) -> Any:
    """Seconds since 1970: instances may have other clocks than their database."""
    if session.get_bind().dialect.name == "sqlite":
        return time.time()
    return func.extract("epoch", func.clock_timestamp())
