"""Projections that are made anew beside those that serve, in a relational database.

Staged points of histories lie in the table of the others, under players -1, -2, ... for 0, 1, ...,
whom no reader asks for; to take their place they turn their sign.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from itertools import groupby

import numpy as np
from sqlalchemy import Table, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.elo.standings.folding.points import Points
from services.elo.store import Update
from services.elo.stores import columns
from services.elo.stores.sql_projections import (
    HISTORY,
    SNAPSHOT,
    Row,
    hold_fence,
    mark_of,
    rows_of,
    segments_of,
    set_mark,
)
from services.elo.stores.tables import histories, ladders, pairs, standings

_GENERATION = "generation"
_ROWS_AT_ONCE = 2000


class SqlRebuilds:
    """`Rebuilds` in the tables `elo_*`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def clear(self) -> None:
        """See `Rebuilds.clear`."""
        staged = delete(histories).where(histories.c.player < 0)
        await self._database.run(lambda session: session.execute(staged))

    async def stage(self, points: Mapping[str, Points]) -> None:
        """See `Rebuilds.stage`."""
        rows = await asyncio.to_thread(_staged, points)
        if rows:
            await self._database.run(lambda session: session.execute(insert(histories), rows))

    async def replace(self, fence: int, update: Update) -> int:
        """See `Rebuilds.replace`."""
        rows = await asyncio.to_thread(rows_of, update)
        return await self._database.run(partial(_replace, fence=fence, change=update, rows=rows))

    async def generation(self) -> int:
        """See `Rebuilds.generation`."""
        return await self._database.run(partial(mark_of, name=_GENERATION))

    async def snapshot_mark(self) -> int:
        """See `Rebuilds.snapshot_mark`."""
        return await self._database.run(partial(mark_of, name=SNAPSHOT))

    async def histories(self) -> AsyncIterator[tuple[str, Points]]:
        """See `Rebuilds.histories`."""
        after: tuple[str, int, int] = ("", 0, 0)
        while True:
            rows = await self._database.run(partial(_read, after=after))
            for ladder, of_ladder in groupby(rows, key=lambda row: row[0]):
                yield ladder, _joined(list(of_ladder))
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1][:3]


def _staged(points: Mapping[str, Points]) -> list[Row]:
    return [
        {**segment, "player": -1 - segment["player"]}
        for ladder, of_ladder in points.items()
        for segment in segments_of(ladder, of_ladder, 0)
    ]


def _replace(session: Session, fence: int, change: Update, rows: dict[Table, list[Row]]) -> int:
    hold_fence(session, fence)
    session.execute(delete(histories).where(histories.c.player >= 0))
    turned = update(histories).where(histories.c.player < 0).values(player=-1 - histories.c.player)
    session.execute(turned)
    for table in (ladders, pairs, standings):
        session.execute(delete(table))
        if rows.get(table):
            session.execute(insert(table), rows[table])
    set_mark(session, HISTORY, change.mark)
    set_mark(session, SNAPSHOT, change.mark)
    generation = mark_of(session, _GENERATION) + 1
    set_mark(session, _GENERATION, generation)
    return generation


def _read(session: Session, after: tuple[str, int, int]) -> list[tuple[str, int, int, int, bytes]]:
    place = tuple_(histories.c.ladder, histories.c.player, histories.c.first)
    query = (
        select(
            *(histories.c.ladder, histories.c.player, histories.c.first),
            *(histories.c.points, histories.c.body),
        )
        .where((place > after) & (histories.c.player >= 0))
        .order_by(histories.c.ladder, histories.c.player, histories.c.first)
        .limit(_ROWS_AT_ONCE)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)]


def _joined(rows: list[tuple[str, int, int, int, bytes]]) -> Points:
    """The points of several rows."""
    counts = np.array([row[3] for row in rows])
    joined = columns.read_points(0, 0, b"".join(row[4] for row in rows))
    starts = np.cumsum(counts) - counts
    firsts = np.repeat(np.array([row[2] for row in rows]) - starts, counts)
    return Points(
        joined.sequences,
        np.repeat(np.array([row[1] for row in rows], np.intp), counts),
        firsts + np.arange(len(joined)),
        joined.ratings,
        joined.scores,
    )
