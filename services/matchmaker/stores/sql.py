"""Numbers, and how often bots have met, in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.matchmaker.store import Anchor
from services.matchmaker.stores import tables


class SqlAnchors:
    """An `AnchorStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[Anchor, int]:
        """See `AnchorStore`."""
        return await self._database.run(_load_anchors)

    async def add(self, counts: Mapping[Anchor, int]) -> None:
        """See `AnchorStore`."""
        await self._database.run(lambda session: _add_anchors(session, counts))


class SqlNumbers:
    """A `NumberStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def instance(self) -> str:
        """See `NumberStore`."""
        return await self._database.run(made_instance)

    async def reserve(self, count: int) -> int:
        """See `NumberStore`."""
        return await self._database.run(lambda session: _reserve(session, count))


def made_instance(session: Session) -> str:
    """The store's id; the row of numbers is there from then on."""
    present = select(tables.numbers.c.instance)
    found: str | None = session.scalar(present)
    if found is not None:
        return found
    made = str(uuid.uuid4())
    try:
        with session.begin_nested():
            session.execute(insert(tables.numbers), {"id": 1, "instance": made, "next_number": 0})
    except IntegrityError:
        # Another process on this database was faster.
        other: str = session.scalars(present).one()
        return other
    return made


def _load_anchors(session: Session) -> dict[Anchor, int]:
    rows = session.execute(select(tables.anchors))
    return {(row.ladder, tuple(row.bots.split(" "))): row.matches for row in rows}


def _add_anchors(session: Session, counts: Mapping[Anchor, int]) -> None:
    for (ladder, bots), matches in counts.items():
        row = {"ladder": ladder, "bots": " ".join(bots)}
        column = tables.anchors.c.matches
        added = update(tables.anchors).filter_by(**row).values(matches=column + matches)
        if session.execute(added.returning(column)).one_or_none() is None:
            session.execute(insert(tables.anchors), {**row, "matches": matches})


def _reserve(session: Session, count: int) -> int:
    made_instance(session)
    column = tables.numbers.c.next_number
    end: int = session.execute(
        update(tables.numbers).values(next_number=column + count).returning(column)
    ).scalar_one()
    return end - count
