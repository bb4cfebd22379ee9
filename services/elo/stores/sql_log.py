"""The result log in a relational database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from itertools import chain

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.elo.log.batch import Batch, LoggedBatch
from services.elo.log.match import Match
from services.elo.store import Appended, Status
from services.elo.stores.tables import results
from services.elo.wire.results.payloads import MANY, decode, decode_all

_READ_AT_ONCE = 5000
_ASK_AT_ONCE = 500  # variables in one statement; databases limit them

# One step of SQLite, so that Python's lock is given up once and not for each row: between two rows
# a busy event loop would keep it for milliseconds.
_INSERT_SQLITE = """
INSERT INTO elo_results (match_id, payload)
SELECT json_extract(value, '$[0]'),
    substr(?2, json_extract(value, '$[1]'), json_extract(value, '$[2]'))
FROM json_each(?1) WHERE true
ON CONFLICT (match_id) DO NOTHING
"""
_LAST_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'elo_results'"

_INSERT_POSTGRESQL = text("""
INSERT INTO elo_results (match_id, payload)
SELECT match_id, payload
FROM unnest(CAST(:ids AS text[]), CAST(:payloads AS bytea[]))
    WITH ORDINALITY AS new (match_id, payload, place)
ORDER BY place
ON CONFLICT (match_id) DO NOTHING
RETURNING match_id, sequence
""")


class SqlResultLog:
    """A `ResultLog` in the table `elo_results`; a match id is known by a unique index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, batches: Sequence[Batch]) -> Appended:
        """See `ResultLog.append`."""
        return await self._database.run(partial(_append, batches=batches))

    async def read(self, after: int) -> AsyncIterator[LoggedBatch]:
        """See `ResultLog.read`."""
        complete = False
        while not complete:
            sequences, payloads = await self._database.run(partial(_read, after=after))
            complete = len(sequences) < _READ_AT_ONCE
            if sequences:
                # Thousands of matches of many players take a second to decode.
                content = (
                    decode_all(payloads)
                    if len(payloads) < MANY
                    else await asyncio.to_thread(decode_all, payloads)
                )
                yield LoggedBatch(sequences, content)
                after = sequences[-1]

    async def raw(self, after: int, count: int) -> Sequence[tuple[int, bytes]]:
        """See `ResultLog.raw`."""
        found = await self._database.run(partial(_read, after=after, count=count))
        return list(zip(*found, strict=True))

    async def find(self, sequences: Sequence[int]) -> Sequence[Match]:
        """See `ResultLog.find`."""
        return await self._database.run(partial(_find, sequences=sequences))

    async def named(self, match_ids: Sequence[str]) -> Mapping[str, Match]:
        """See `ResultLog.named`."""
        found = await self._database.run(partial(_payloads, match_ids=match_ids))
        return {match_id: decode(payload) for match_id, payload in found.items()}


def _append(session: Session, batches: Sequence[Batch]) -> Appended:
    ids = list(chain.from_iterable(batch.match_ids for batch in batches))
    payloads = list(chain.from_iterable(batch.payloads for batch in batches))
    first = dict(zip(reversed(ids), reversed(payloads), strict=True))  # the first of an id stays
    if len(first) < len(ids):
        first = {match_id: first[match_id] for match_id in ids}
    new = list(first) if len(first) < len(ids) else ids
    sqlite = session.get_bind().dialect.name == "sqlite"
    insert = _insert_sqlite if sqlite else _insert_postgresql
    before, recorded = insert(session, new, [first[match_id] for match_id in new])
    there: Mapping[str, bytes] = {}
    if len(recorded) < len(new):
        there = _payloads(session, [match_id for match_id in new if match_id not in recorded])
    statuses: list[list[Status]] = []
    sequences: list[list[int]] = []
    unseen = dict(recorded)
    for batch in batches:
        of_batch: list[Status] = []
        numbers: list[int] = []
        for match_id, payload in zip(batch.match_ids, batch.payloads, strict=True):
            sequence = unseen.pop(match_id, None)
            if sequence is not None:
                numbers.append(sequence)
                of_batch.append(Status.RECORDED)
            else:
                known = there[match_id] if match_id in there else first[match_id]
                of_batch.append(Status.DUPLICATE if _same(known, payload) else Status.CONFLICT)
        statuses.append(of_batch)
        sequences.append(numbers)
    return Appended(before, statuses, sequences)


def _insert_sqlite(
    session: Session, ids: Sequence[str], payloads: Sequence[bytes]
) -> tuple[int, dict[str, int]]:
    """Inserts those whose ids are new; the last sequence before, and theirs by id."""
    connection = session.connection()
    before: int = connection.exec_driver_sql(_LAST_SQLITE).scalar() or 0
    places: list[tuple[str, int, int]] = []
    at = 1  # substr counts from 1
    for match_id, payload in zip(ids, payloads, strict=True):
        places.append((match_id, at, len(payload)))
        at += len(payload)
    connection.exec_driver_sql(_INSERT_SQLITE, (json.dumps(places), b"".join(payloads)))
    if connection.exec_driver_sql("SELECT changes()").scalar() == len(ids):
        return before, dict(zip(ids, range(before + 1, before + 1 + len(ids)), strict=True))
    query = select(results.c.match_id, results.c.sequence).where(results.c.sequence > before)
    found = session.execute(query.order_by(results.c.sequence))
    return before, {row[0]: row[1] for row in found}


def _insert_postgresql(
    session: Session, ids: Sequence[str], payloads: Sequence[bytes]
) -> tuple[int, dict[str, int]]:
    """As `_insert_sqlite`."""
    # Sequences are given out before the commit. Without the lock, a reader could pass a lower one
    # that becomes visible later. SQLite has one writer at a time anyway.
    session.execute(text("LOCK TABLE elo_results IN EXCLUSIVE MODE"))
    last = select(results.c.sequence).order_by(results.c.sequence.desc()).limit(1)
    before: int = session.scalar(last) or 0
    found = session.execute(_INSERT_POSTGRESQL, {"ids": ids, "payloads": payloads})
    return before, {row[0]: row[1] for row in found}


def _payloads(session: Session, match_ids: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(match_ids), _ASK_AT_ONCE):
        query = select(results.c.match_id, results.c.payload).where(
            results.c.match_id.in_(match_ids[start : start + _ASK_AT_ONCE])
        )
        found.update((match_id, payload) for match_id, payload in session.execute(query))
    return found


def _same(known: bytes, payload: bytes) -> bool:
    """Whether two entries say the same; one may have the older form."""
    if known == payload:
        return True
    return known.startswith(b"{") and decode(known) == decode(payload)


def _read(
    session: Session, after: int, count: int = _READ_AT_ONCE
) -> tuple[list[int], list[bytes]]:
    query = select(results.c.sequence, results.c.payload).where(results.c.sequence > after)
    found = session.execute(query.order_by(results.c.sequence).limit(count)).all()
    return [row[0] for row in found], [row[1] for row in found]


def _find(session: Session, sequences: Sequence[int]) -> list[Match]:
    found: dict[int, bytes] = {}
    for start in range(0, len(sequences), _ASK_AT_ONCE):
        query = select(results.c.sequence, results.c.payload).where(
            results.c.sequence.in_(sequences[start : start + _ASK_AT_ONCE])
        )
        found.update((sequence, payload) for sequence, payload in session.execute(query))
    return [decode(found[sequence]) for sequence in sequences]
