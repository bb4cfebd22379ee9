"""Participants that an experiment chose, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import bindparam, delete, select

from services._harness.sql.database import Database, insert_or
from services.matchmaker.experiments.served import Served
from services.matchmaker.stores.tables import served as table

_REMOVE: Final = delete(table).where(
    table.c.match_id == bindparam("of"), table.c.session == bindparam("whose")
)


class SqlServed:
    """A `ServedStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, served: Sequence[Served]) -> None:
        """See `ServedStore`."""
        if served:
            rows = [asdict(one) for one in served]
            await self._database.run(
                lambda session: session.execute(
                    insert_or(session, table).on_conflict_do_nothing(), rows
                ),
                idempotent=True,
            )

    async def after(self, match_id: str, limit: int) -> list[Served]:
        """See `ServedStore`."""
        # All of a match come together, or the next page would miss those that were cut off.
        matches = (
            select(table.c.match_id)
            .where(table.c.match_id > match_id)
            .distinct()
            .order_by(table.c.match_id)
            .limit(limit)
        )
        query = (
            select(table)
            .where(table.c.match_id.in_(matches))
            .order_by(table.c.match_id, table.c.session)
        )
        return await self._database.run(
            lambda session: [Served(*row) for row in session.execute(query)],
            idempotent=True,
        )

    async def remove(self, served: Sequence[Served]) -> None:
        """See `ServedStore`."""
        if served:
            rows = [{"of": one.match_id, "whose": one.session} for one in served]
            await self._database.run(
                lambda session: session.connection().execute(_REMOVE, rows), idempotent=True
            )
