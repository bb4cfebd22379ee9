"""The outbox of results in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.game.store import OutboxSize, PendingResult
from services.game.stores.tables import FINISHED, OUTBOX

_COUNTED = 10_000


class SqlOutbox:
    """An `OutboxStore` in a database that has been migrated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, limit: int, now: float, until: float) -> list[PendingResult]:
        """See `OutboxStore`."""

        def work(session: Session) -> list[PendingResult]:
            # What another instance takes at this moment is passed over, not waited for.
            due = session.execute(
                select(OUTBOX.c.position, OUTBOX.c.match_id, OUTBOX.c.result, OUTBOX.c.trace)
                .where(OUTBOX.c.refused.is_(None), OUTBOX.c.visible_time <= now)
                .order_by(OUTBOX.c.position)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            if due:
                taken = OUTBOX.c.position.in_([row.position for row in due])
                session.execute(update(OUTBOX).where(taken).values(visible_time=until))
            return [PendingResult(row.match_id, row.result, row.trace or "") for row in due]

        return await self._database.run(work)

    async def put_back(self, match_ids: Collection[str]) -> None:
        """See `OutboxStore`."""
        taken = OUTBOX.c.match_id.in_(match_ids)
        statement = update(OUTBOX).where(taken).values(visible_time=0.0)
        await self._database.run(lambda session: session.execute(statement), idempotent=True)

    async def put_all_back(self) -> None:
        """See `OutboxStore`."""
        taken = OUTBOX.c.visible_time > 0.0
        statement = update(OUTBOX).where(taken).values(visible_time=0.0)
        await self._database.run(lambda session: session.execute(statement), idempotent=True)

    async def delivered(self, match_ids: Collection[str]) -> None:
        """See `OutboxStore`."""
        statement = delete(OUTBOX).where(OUTBOX.c.match_id.in_(match_ids))
        await self._database.run(lambda session: session.execute(statement), idempotent=True)

    async def bury(self, match_id: str, reason: str) -> None:
        """See `OutboxStore`."""
        statement = update(OUTBOX).where(OUTBOX.c.match_id == match_id).values(refused=reason)
        await self._database.run(lambda session: session.execute(statement), idempotent=True)

    async def size(self) -> OutboxSize:
        """See `OutboxStore`."""
        # A result is in the outbox no longer than its match is known.
        oldest = (
            select(FINISHED.c.finish_time)
            .join(OUTBOX, OUTBOX.c.match_id == FINISHED.c.match_id)
            .where(OUTBOX.c.refused.is_(None))
            .order_by(OUTBOX.c.position)
            .limit(1)
        )

        def work(session: Session) -> OutboxSize:
            return OutboxSize(
                pending=_count(session, OUTBOX.c.refused.is_(None)),
                dead=_count(session, OUTBOX.c.refused.is_not(None)),
                since=session.scalar(oldest),
            )

        return await self._database.run(work)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    some = select(OUTBOX.c.position).where(which).order_by(OUTBOX.c.position)
    return session.scalar(select(func.count()).select_from(some.limit(_COUNTED).subquery())) or 0
