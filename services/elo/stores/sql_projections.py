"""What was made of the log, in a relational database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.elo.standings.folding.points import NONE, Points
from services.elo.store import Fenced, Fitted, LadderState, Snapshot, Update
from services.elo.stores import columns
from services.elo.stores.tables import histories, ladders, leases, marks, pairs, standings

TASK = "fit"
SNAPSHOT, HISTORY = "snapshot", "history"

Row = dict[str, Any]


class SqlProjections:
    """`Projections` in the tables `elo_*`: columns of numbers in compressed rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Snapshot:
        """See `Projections.load`."""
        return await self._database.run(_load)

    async def mark(self) -> int:
        """See `Projections.mark`."""
        return await self._database.run(partial(mark_of, name=HISTORY))

    async def fitted(self, known: Mapping[str, int]) -> Sequence[Fitted]:
        """See `Projections.fitted`."""
        return await self._database.run(partial(_fitted, known=known))

    async def history(self, ladder: str, player: int, start: int, count: int) -> Points:
        """See `Projections.history`."""
        read = partial(_history, ladder=ladder, player=player, start=start, count=count)
        return await self._database.run(read)

    async def save(self, fence: int, update: Update) -> None:
        """See `Projections.save`."""
        rows = await asyncio.to_thread(rows_of, update)
        await self._database.run(partial(_save, fence=fence, update=update, rows=rows))


def rows_of(change: Update) -> dict[Table, list[Row]]:
    """What is to be inserted, made outside of the transaction."""
    rows: dict[Table, list[Row]] = {
        standings: [
            {
                "ladder": fitted.ladder,
                "high_water": fitted.high_water,
                "matches": fitted.matches,
                "log_nu": fitted.log_nu,
                "body": columns.standings(fitted),
                "spread": None if fitted.spread is None else columns.spread(fitted.spread),
            }
            for fitted in change.fitted
        ]
    }
    if change.snapshot is not None:
        rows[ladders], rows[pairs] = [], []
        for state in change.snapshot.ladders:
            rows[ladders].append(
                {
                    "ladder": state.name,
                    "high_water": state.high_water,
                    "matches": state.matches,
                    "body": columns.records(state),
                }
            )
            rows[pairs] += [
                {"ladder": state.name, "part": part, "body": body}
                for part, body in enumerate(columns.parts_of_pairs(state.pairs))
            ]
    return rows


def hold_fence(session: Session, fence: int) -> None:
    """Raises `Fenced` unless it is the present one; it stays so until the transaction ends."""
    query = select(leases.c.fence).where(leases.c.task == TASK).with_for_update()
    present = session.scalar(query)
    if present != fence:
        raise Fenced(f"fence {fence} was followed by {present}")


def _save(session: Session, fence: int, update: Update, rows: dict[Table, list[Row]]) -> None:
    hold_fence(session, fence)
    stored = mark_of(session, HISTORY)
    if update.mark > stored:
        segments = [
            segment
            for ladder, points in update.points.items()
            for segment in segments_of(ladder, points, stored)
        ]
        if segments:
            session.execute(insert(histories), segments)
        set_mark(session, HISTORY, update.mark)
    for table, added in rows.items():
        if added:
            replaced = {row["ladder"] for row in added}
            for name in replaced:
                session.execute(delete(table).where(table.c.ladder == name))
            session.execute(insert(table), added)
    if update.snapshot is not None:
        set_mark(session, SNAPSHOT, update.snapshot.mark)


def segments_of(ladder: str, points: Points, after: int) -> Iterator[Row]:
    """The points after a place in the log, as a row for each player."""
    new = points.where(slice(int(np.searchsorted(points.sequences, after, "right")), None))
    order = np.argsort(new.players, kind="stable")
    new = new.where(order)
    bounds = np.flatnonzero(np.diff(new.players)) + 1
    for start, end in zip([0, *bounds.tolist()], [*bounds.tolist(), len(new)], strict=True):
        if end > start:
            yield {
                "ladder": ladder,
                "player": int(new.players[start]),
                "first": int(new.numbers[start]),
                "points": end - start,
                "body": columns.points(new.where(slice(start, end))),
            }


def _load(session: Session) -> Snapshot:
    found: list[LadderState] = []
    for name, high_water, matches, body in session.execute(
        select(ladders.c.ladder, ladders.c.high_water, ladders.c.matches, ladders.c.body)
    ):
        names, ratings, numbers, skills = columns.read_records(body)
        parts = session.scalars(
            select(pairs.c.body).where(pairs.c.ladder == name).order_by(pairs.c.part)
        ).all()
        cells = columns.read_pairs(parts)
        found.append(LadderState(name, high_water, matches, names, ratings, numbers, cells, skills))
    return Snapshot(mark_of(session, SNAPSHOT), found)


def _fitted(session: Session, known: Mapping[str, int]) -> list[Fitted]:
    present = session.execute(select(standings.c.ladder, standings.c.high_water)).all()
    changed = [ladder for ladder, high_water in present if known.get(ladder) != high_water]
    found: list[Fitted] = []
    for ladder in changed:
        row = session.execute(
            select(
                *(standings.c.high_water, standings.c.matches, standings.c.log_nu),
                *(standings.c.body, standings.c.spread),
            ).where(standings.c.ladder == ladder)
        ).one()
        of_players, ranks, seat = columns.read_standings(row[3])
        spread = None if row[4] is None else columns.read_spread(row[4])
        found.append(Fitted(ladder, *row[:3], of_players, ranks, spread, seat))
    return found


def _history(session: Session, ladder: str, player: int, start: int, count: int) -> Points:
    of_player = (histories.c.ladder == ladder) & (histories.c.player == player)
    before = (
        select(histories.c.first)
        .where(of_player & (histories.c.first <= start))
        .order_by(histories.c.first.desc())
        .limit(1)
    )
    first = session.scalar(before)
    found: list[Points] = []
    missing = count
    if first is not None:
        rows = session.execute(
            select(histories.c.first, histories.c.body)
            .where(of_player & (histories.c.first >= first))
            .order_by(histories.c.first)
            .limit(count + 1)  # each has a point or more
        )
        for row_first, body in rows:
            points = columns.read_points(player, row_first, body)
            points = points.where(slice(max(0, start - row_first), None))
            points = points.where(slice(0, missing))
            found.append(points)
            missing -= len(points)
            if missing == 0:
                break
    return Points.joined(found) if found else NONE


def mark_of(session: Session, name: str) -> int:
    """A number of the table `elo_marks`; 0 where it is not there."""
    return session.scalar(select(marks.c.sequence).where(marks.c.name == name)) or 0


def set_mark(session: Session, name: str, sequence: int) -> None:
    """Sets one."""
    changed = update(marks).where(marks.c.name == name).values(sequence=sequence)
    if session.execute(changed).rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(marks).values(name=name, sequence=sequence))
