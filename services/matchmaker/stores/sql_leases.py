"""Rating matches in SQL, and whose turn it is to choose them.

A match is changed by `UPDATE ... WHERE` its fence and state are those that were read, so of two
instances that change it at once one has to read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from mazemesh.errors import NotFound, Unavailable
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services.matchmaker.rating.leases import (
    LIVE,
    Match,
    State,
    Terms,
    ended,
    is_expired,
    leased,
)
from services.matchmaker.rating.ledger import Chosen, Seen
from services.matchmaker.rating.rota import Rule
from services.matchmaker.store import RATING, Issued
from services.matchmaker.stores.tables import leaders, matches

_LIVE = [state.value for state in LIVE]
_ENDED = [state.value for state in State if state not in LIVE]
_MOST_ABANDONED = 256
_TRIES = 10


class SqlLeases:
    """A `LeaseStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(
        self, worker: str, limit: int, terms: Terms, now: float, game: str = ""
    ) -> Issued:
        """See `LeaseStore`."""
        return await self._database.run(
            lambda session: _issue(session, worker, limit, terms, now, game)
        )

    async def change(self, match_id: str, change: Callable[[Match], Match | None]) -> Match | None:
        """See `LeaseStore`."""
        return await self._database.run(lambda session: _change(session, match_id, change))

    async def add(self, matches: Sequence[Match], fence: int) -> bool:
        """See `LeaseStore`."""
        return await self._database.run(lambda session: _add(session, matches, fence))

    async def look(self, ended_since: float) -> list[Seen]:
        """See `LeaseStore`."""
        return await self._database.run(lambda session: _look(session, ended_since))

    async def count_live(self) -> int:
        """See `LeaseStore`."""
        count = select(func.count()).where(matches.c.state.in_(_LIVE))
        return await self._database.run(lambda session: session.scalars(count).one())

    async def count_held(self, worker: str, now: float) -> int:
        """See `LeaseStore`."""
        held = select(func.count()).where(
            matches.c.worker == worker,
            matches.c.state == State.LEASED.value,
            matches.c.expire_time > now,
        )
        return await self._database.run(lambda session: session.scalars(held).one())

    async def told(self, since: float) -> list[Chosen]:
        """See `LeaseStore`."""
        return await self._database.run(lambda session: _told(session, since))

    async def prune(self, ended_before: float) -> None:
        """See `LeaseStore`."""
        old = delete(matches).where(matches.c.state.in_(_ENDED), matches.c.end_time < ended_before)
        await self._database.run(lambda session: session.execute(old), idempotent=True)


def _issue(
    session: Session, worker: str, limit: int, terms: Terms, now: float, game: str
) -> Issued:
    ran_out = and_(matches.c.state == State.LEASED.value, matches.c.expire_time <= now)
    tried = matches.c.attempts >= terms.max_attempts
    hopeless = _locked(session, and_(ran_out, tried), _MOST_ABANDONED)
    abandoned = [ended(match, State.ABANDONED, now) for match in hopeless]
    may = and_(matches.c.attempts < terms.max_attempts, *([matches.c.game == game] * bool(game)))
    free = _locked(session, and_(ran_out, may), limit)
    queued = and_(matches.c.state == State.QUEUED.value, may)
    free += _locked(session, queued, limit - len(free))
    given = [leased(match, worker, terms, now) for match in free]
    for old, new in zip([*hopeless, *free], [*abandoned, *given], strict=True):
        _replace(session, old, new)
    expired = len(hopeless) + sum(is_expired(match, now) for match in free)
    return Issued(given, abandoned, expired)


def _locked(session: Session, where: ColumnElement[bool], limit: int) -> list[Match]:
    """The oldest matches that no other transaction has in hand."""
    if limit <= 0:
        return []
    oldest = select(matches).where(where).order_by(matches.c.create_time, matches.c.match_id)
    # SQLite has one writer at a time, and knows no such lock.
    rows = session.execute(oldest.limit(limit).with_for_update(skip_locked=True))
    return [match_of(row) for row in rows]


def _change(
    session: Session, match_id: str, change: Callable[[Match], Match | None]
) -> Match | None:
    for _ in range(_TRIES):
        row = session.execute(select(matches).where(matches.c.match_id == match_id)).one_or_none()
        if row is None:
            raise NotFound(f"match_id: no match {match_id!r}, or it ended long ago")
        old = match_of(row)
        new = change(old)
        if new is None or _replace(session, old, new):
            return new
    raise Unavailable(f"match {match_id} is being changed by many others; try again")


def _replace(session: Session, old: Match, new: Match) -> bool:
    """Whether the match was still as `old`; only what a lease changes is written."""
    same = and_(
        matches.c.match_id == old.match_id,
        matches.c.fence == old.fence,
        matches.c.state == old.state.value,
        matches.c.attempts == old.attempts,
    )
    values = {
        "state": new.state.value,
        "fence": new.fence,
        "attempts": new.attempts,
        "worker": new.worker,
        "expire_time": new.expire_time,
        "end_time": new.end_time,
        "lease_time": new.lease_time,
    }
    replaced = session.execute(
        update(matches).where(same).values(values).returning(matches.c.fence)
    )
    return replaced.one_or_none() is not None


def _add(session: Session, new: Sequence[Match], fence: int) -> bool:
    # The lock keeps the turn from passing on between the look and the commit.
    turn = select(leaders.c.fence).where(leaders.c.task == RATING).with_for_update()
    if session.scalar(turn) != fence:
        return False
    insert_matches(session, new)
    return True


def insert_matches(session: Session, new: Sequence[Match]) -> None:
    """Adds matches that are not there yet."""
    session.execute(insert(matches), [_row(match) for match in new])


def _look(session: Session, ended_since: float) -> list[Seen]:
    recent = and_(matches.c.state.in_(_ENDED), matches.c.end_time >= ended_since)
    columns = matches.c
    rows: Iterable[Row[Any]] = session.execute(
        select(
            columns.match_id,
            columns.ladder,
            columns.participants,
            columns.state,
            columns.end_time,
        ).where(or_(columns.state.in_(_LIVE), recent))
    )
    return list(map(_seen, rows))


def _told(session: Session, since: float) -> list[Chosen]:
    columns = matches.c
    ended_or_not = case((columns.state == State.COMPLETED.value, 1), else_=0)
    rows = session.execute(
        select(
            columns.ladder,
            columns.rule,
            func.count(),
            func.sum(ended_or_not),
            func.sum(columns.bits),
            func.sum(ended_or_not * columns.bits),
        )
        .where(columns.create_time >= since, columns.rule != "")
        .group_by(columns.ladder, columns.rule)
        .order_by(columns.ladder, columns.rule)
    )
    return [
        Chosen(row[0], Rule(row[1]), row[2], int(row[3]), float(row[4]), float(row[5]))
        for row in rows
    ]


def _seen(row: Row[Any]) -> Seen:
    return Seen(row.match_id, row.ladder, tuple(row.participants), State(row.state), row.end_time)


def match_of(row: Row[Any]) -> Match:
    """The match of a row."""
    return Match(
        match_id=row.match_id,
        ladder=row.ladder,
        game=row.game,
        settings=GameSettings(**row.settings),
        participants=tuple(row.participants),
        seed=row.seed,
        create_time=row.create_time,
        state=State(row.state),
        fence=row.fence,
        attempts=row.attempts,
        worker=row.worker,
        expire_time=row.expire_time,
        end_time=row.end_time,
        run_id=row.gate_id,
        lease_seconds=row.lease_seconds,
        rule=row.rule,
        bits=row.bits,
        lease_time=row.lease_time,
    )


def _row(match: Match) -> dict[str, Any]:
    # asdict also turns the settings into a dictionary, and leaves the participants a tuple.
    return {**asdict(match), "participants": list(match.participants), "state": match.state.value}
