"""The lease of the one who fits, in a relational database."""

from __future__ import annotations

from functools import partial

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.elo.stores.sql_projections import TASK
from services.elo.stores.tables import leases

_NOW = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)"),
}


class SqlLease:
    """A `Lease` in a row of `elo_leases`, by the clock of the database.

    Args:
        database: Where it is.
        alone: Whether no other instance can be alive: what one that died left is taken at once.
    """

    def __init__(self, database: Database, *, alone: bool) -> None:
        self._database = database
        self._alone = alone

    async def take(self, holder: str, seconds: float) -> int | None:
        """See `Lease.take`."""
        return await self._database.run(
            partial(_take, holder=holder, seconds=seconds, at_once=self._alone)
        )

    async def seize(self, holder: str, seconds: float) -> int:
        """See `Lease.seize`."""
        taken = await self._database.run(
            partial(_take, holder=holder, seconds=seconds, at_once=True)
        )
        assert taken is not None
        return taken

    async def give_back(self, fence: int) -> None:
        """See `Lease.give_back`."""
        given = (
            update(leases)
            .where((leases.c.task == TASK) & (leases.c.fence == fence))
            .values(expires_at=0.0)
        )
        await self._database.run(lambda session: session.execute(given))


def _take(session: Session, holder: str, seconds: float, at_once: bool) -> int | None:
    kind = session.get_bind().dialect.name
    if kind == "postgresql":  # two may find no row at the same time
        session.execute(text("LOCK TABLE elo_leases IN SHARE ROW EXCLUSIVE MODE"))
    now: float = session.execute(_NOW[kind]).scalar_one()
    mine = leases.c.task == TASK
    row = session.execute(
        select(leases.c.holder, leases.c.fence, leases.c.expires_at).where(mine)
    ).one_or_none()
    if row is None:
        values = {"holder": holder, "fence": 1, "expires_at": now + seconds}
        session.execute(insert(leases).values(task=TASK, **values))
        return 1
    if row.holder != holder and row.expires_at > now and not at_once:
        return None
    fence = row.fence if row.holder == holder else row.fence + 1
    session.execute(
        update(leases).where(mine).values(holder=holder, fence=fence, expires_at=now + seconds)
    )
    return int(fence)
