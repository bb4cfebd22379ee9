"""The index of recordings in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.game.play.outcome import Outcome
from services.game.store import RecordingEntry, RecordingFilter
from services.game.stores.tables import PLAYERS, RECORDINGS


class SqlRecordingIndex:
    """A `RecordingIndex` in a database that has been migrated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, game_id: str) -> RecordingEntry | None:
        """See `RecordingIndex`."""
        query = select(RECORDINGS).where(RECORDINGS.c.game_id == game_id)
        row = await self._database.run(lambda session: session.execute(query).one_or_none())
        return None if row is None else _entry(row)

    async def page(
        self, limit: int, before: int | None, wanted: RecordingFilter
    ) -> list[RecordingEntry]:
        """See `RecordingIndex`."""
        query = select(RECORDINGS).order_by(RECORDINGS.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(RECORDINGS.c.position < before)
        if wanted.game:
            query = query.where(RECORDINGS.c.game == wanted.game)
        if wanted.match_id:
            query = query.where(RECORDINGS.c.match_id == wanted.match_id)
        if wanted.participant:
            query = query.join(PLAYERS, PLAYERS.c.position == RECORDINGS.c.position)
            query = query.where(PLAYERS.c.participant == wanted.participant)
            # In the order of the index that has the player's.
            query = query.order_by(None).order_by(PLAYERS.c.position.desc())
        rows = await self._database.run(lambda session: session.execute(query).all())
        return [_entry(row) for row in rows]

    async def keep_newest(self, count: int) -> None:
        """See `RecordingIndex`."""

        def work(session: Session) -> None:
            newest = session.scalar(select(func.max(RECORDINGS.c.position))) or 0
            old = newest - count
            session.execute(delete(RECORDINGS).where(RECORDINGS.c.position <= old))
            session.execute(delete(PLAYERS).where(PLAYERS.c.position <= old))

        await self._database.run(work)

    async def files(self) -> set[str]:
        """See `RecordingIndex`."""
        query = select(RECORDINGS.c.file).distinct()
        return set(await self._database.run(lambda session: session.scalars(query).all()))


def insert_recordings(session: Session, entries: Iterable[RecordingEntry]) -> None:
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
        added = insert(RECORDINGS).returning(RECORDINGS.c.position, RECORDINGS.c.participants)
        session.execute(
            insert(PLAYERS),
            [
                {"participant": name, "position": row.position}
                for row in session.execute(added, rows)
                for name in sorted(set(row.participants[1:-1].split("\n")))
            ],
        )


def _entry(row: Row[Any]) -> RecordingEntry:
    return RecordingEntry(
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
