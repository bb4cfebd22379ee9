"""Finished matches and the outbox in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from services._harness.database import Database
from services.game.store import FinishedMatch, OutboxSize, PendingResult
from services.game.stores.sql_recordings import insert_recordings
from services.game.stores.tables import FINISHED, OUTBOX, RECORDINGS


class SqlResultStore:
    """A `ResultStore` in a database that has been migrated; one server writes to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finish(self, matches: Sequence[FinishedMatch]) -> None:
        """See `ResultStore`."""

        def work(session: Session) -> None:
            known = _finished(session, [match.match_id for match in matches])
            new = [match for match in matches if match.match_id not in known]
            rated = [match for match in new if match.result is not None]
            if new:
                session.execute(
                    insert(FINISHED),
                    [{"match_id": m.match_id, "finish_time": m.finish_time} for m in new],
                )
            if rated:
                session.execute(
                    insert(OUTBOX), [{"match_id": m.match_id, "result": m.result} for m in rated]
                )
            insert_recordings(session, [entry for match in new for entry in match.recordings])

        await self._database.run(work)

    async def finished(self, match_ids: Collection[str]) -> set[str]:
        """See `ResultStore`."""
        return await self._database.run(lambda session: _finished(session, match_ids))

    async def forget(self, before: float, keep: int) -> int:
        """See `ResultStore`."""

        def work(session: Session) -> int:
            by_age = select(FINISHED.c.finish_time).order_by(FINISHED.c.finish_time.desc())
            oldest_kept = session.scalar(by_age.offset(keep - 1).limit(1))
            first = before if oldest_kept is None else max(before, oldest_kept)
            forgotten = session.scalars(
                delete(FINISHED)
                .where(FINISHED.c.finish_time < first)
                .where(~exists().where(OUTBOX.c.match_id == FINISHED.c.match_id))
                .where(~exists().where(RECORDINGS.c.match_id == FINISHED.c.match_id))
                .returning(FINISHED.c.match_id)
            )
            return len(forgotten.all())

        return await self._database.run(work)

    async def pending(self, limit: int) -> list[PendingResult]:
        """See `ResultStore`."""
        query = (
            select(OUTBOX.c.match_id, OUTBOX.c.result)
            .where(OUTBOX.c.refused.is_(None))
            .order_by(OUTBOX.c.position)
            .limit(limit)
        )
        rows = await self._database.run(lambda session: session.execute(query).all())
        return [PendingResult(row.match_id, row.result) for row in rows]

    async def delivered(self, match_ids: Collection[str]) -> None:
        """See `ResultStore`."""
        statement = delete(OUTBOX).where(OUTBOX.c.match_id.in_(match_ids))
        await self._database.run(lambda session: session.execute(statement))

    async def bury(self, match_id: str, reason: str) -> None:
        """See `ResultStore`."""
        statement = update(OUTBOX).where(OUTBOX.c.match_id == match_id).values(refused=reason)
        await self._database.run(lambda session: session.execute(statement))

    async def size(self) -> OutboxSize:
        """See `ResultStore`."""
        query = select(func.count(), func.count(OUTBOX.c.refused)).select_from(OUTBOX)
        total, dead = await self._database.run(lambda session: session.execute(query).one())
        return OutboxSize(pending=total - dead, dead=dead)


def _finished(session: Session, match_ids: Collection[str]) -> set[str]:
    query = select(FINISHED.c.match_id).where(FINISHED.c.match_id.in_(match_ids))
    return set(session.scalars(query))
