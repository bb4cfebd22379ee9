"""The result log in a relational database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, insert, select, text
from sqlalchemy.orm import Session

from services._harness.database import Database, create_metadata
from services.elo.log.match import LoggedMatch, Match
from services.elo.log.payload import decode, digest, encode
from services.elo.store import Status

metadata = create_metadata()

results = Table(
    "elo_results",
    metadata,
    # The order of the log. AUTOINCREMENT, so that SQLite never gives a number again.
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("match_id", String(128), nullable=False, unique=True),
    Column("payload_hash", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    sqlite_autoincrement=True,
)

_READ_AT_ONCE = 5000
_ASK_AT_ONCE = 500  # variables in one statement; databases limit them


class SqlResultLog:
    """A `ResultLog` in the table `elo_results`; JSON payloads, hashes to tell them apart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, matches: Sequence[Match]) -> list[Status]:
        """See `ResultLog.append`."""
        return await self._database.run(partial(_append, matches=matches))

    async def read(self, after: int) -> AsyncIterator[Sequence[LoggedMatch]]:
        """See `ResultLog.read`."""
        complete = False
        while not complete:
            piece = await self._database.run(partial(_read, after=after))
            complete = len(piece) < _READ_AT_ONCE
            if piece:
                yield piece
                after = piece[-1].sequence


def _append(session: Session, matches: Sequence[Match]) -> list[Status]:
    if session.get_bind().dialect.name == "postgresql":
        # Sequences are given out before the commit. Without the lock, a reader could pass a lower
        # one that becomes visible later. SQLite has one writer at a time anyway.
        session.execute(text("LOCK TABLE elo_results IN EXCLUSIVE MODE"))
    known = _known_hashes(session, [match.match_id for match in matches])
    statuses: list[Status] = []
    rows: list[dict[str, str]] = []
    for match in matches:
        payload = encode(match)
        payload_hash = digest(payload)
        if match.match_id not in known:
            known[match.match_id] = payload_hash
            row = {"match_id": match.match_id, "payload_hash": payload_hash, "payload": payload}
            rows.append(row)
            statuses.append(Status.RECORDED)
        elif known[match.match_id] == payload_hash:
            statuses.append(Status.DUPLICATE)
        else:
            statuses.append(Status.CONFLICT)
    if rows:
        session.execute(insert(results), rows)
    return statuses


def _known_hashes(session: Session, match_ids: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(match_ids), _ASK_AT_ONCE):
        asked = match_ids[start : start + _ASK_AT_ONCE]
        query = select(results.c.match_id, results.c.payload_hash)
        found = session.execute(query.where(results.c.match_id.in_(asked)))
        known.update((match_id, payload_hash) for match_id, payload_hash in found)
    return known


def _read(session: Session, after: int) -> list[LoggedMatch]:
    query = select(results.c.sequence, results.c.payload).where(results.c.sequence > after)
    found = session.execute(query.order_by(results.c.sequence).limit(_READ_AT_ONCE))
    return [LoggedMatch(sequence, decode(payload)) for sequence, payload in found]
