"""The index of replays in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from services._harness.database import Database
from services.game.play.outcome import Outcome
from services.game.store import ReplayEntry, ReplayFilter
from services.game.stores.tables import REPLAYS


class SqlReplayIndex:
    """A `ReplayIndex` in a database that has been migrated; one server writes to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, game_id: str) -> ReplayEntry | None:
        """See `ReplayIndex`."""
        query = select(REPLAYS).where(REPLAYS.c.game_id == game_id)
        row = await self._database.run(lambda session: session.execute(query).one_or_none())
        return None if row is None else _entry(row)

    async def page(self, limit: int, before: int | None, wanted: ReplayFilter) -> list[ReplayEntry]:
        """See `ReplayIndex`."""
        query = select(REPLAYS).order_by(REPLAYS.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(REPLAYS.c.position < before)
        if wanted.game:
            query = query.where(REPLAYS.c.game == wanted.game)
        if wanted.match_id:
            query = query.where(REPLAYS.c.match_id == wanted.match_id)
        if wanted.participant:
            line = f"\n{wanted.participant}\n"
            query = query.where(REPLAYS.c.participants.contains(line, autoescape=True))
        rows = await self._database.run(lambda session: session.execute(query).all())
        return [_entry(row) for row in rows]

    async def keep_newest(self, count: int) -> None:
        """See `ReplayIndex`."""

        def work(session: Session) -> None:
            newest = session.scalar(select(func.max(REPLAYS.c.position))) or 0
            session.execute(delete(REPLAYS).where(REPLAYS.c.position <= newest - count))

        await self._database.run(work)

    async def files(self) -> set[str]:
        """See `ReplayIndex`."""
        query = select(REPLAYS.c.file).distinct()
        return set(await self._database.run(lambda session: session.scalars(query).all()))


def insert_replays(session: Session, entries: Iterable[ReplayEntry]) -> None:
    """Adds entries to the index within a transaction."""
    rows = [
        {
            "game_id": entry.game_id,
            "match_id": entry.match_id,
            "game": entry.game,
            "rules_hash": entry.rules_hash,
            "participants": "".join(f"\n{name}" for name in entry.participants) + "\n",
            "scores": list(entry.outcome.scores),
            "steps": entry.outcome.steps,
            "truncated": entry.outcome.truncated,
            "rated": entry.rated,
            "finish_time": entry.finish_time,
            "file": entry.file,
            "file_index": entry.index,
        }
        for entry in entries
    ]
    if rows:
        session.execute(insert(REPLAYS), rows)


def _entry(row: Row[Any]) -> ReplayEntry:
    return ReplayEntry(
        game_id=row.game_id,
        match_id=row.match_id,
        game=row.game,
        rules_hash=row.rules_hash,
        participants=tuple(row.participants[1:-1].split("\n")),
        outcome=Outcome(tuple(row.scores), row.steps, row.truncated),
        rated=row.rated,
        finish_time=row.finish_time,
        file=row.file,
        index=row.file_index,
        position=row.position,
    )
