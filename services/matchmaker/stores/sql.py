"""Matches, numbers and outcomes in SQL.

Rows are replaced by deleting and inserting them in one transaction, which every database
understands.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mazemesh.games import GameSettings
from services._harness.database import Database
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.store import Anchor, OutcomeState
from services.matchmaker.stores import tables
from services.matchmaker.training.outcomes import Form

_ROWS_A_STATEMENT = 500  # SQLite takes at most 32,766 variables in one


class SqlLeases:
    """A `LeaseStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[Match]:
        """See `LeaseStore`."""
        return await self._database.run(_load_matches)

    async def save(self, matches: Sequence[Match], forgotten: Sequence[str] = ()) -> None:
        """See `LeaseStore`."""
        await self._database.run(lambda session: _save_matches(session, matches, forgotten))


class SqlAnchors:
    """An `AnchorStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[Anchor, int]:
        """See `AnchorStore`."""
        return await self._database.run(_load_anchors)

    async def save(self, counts: Mapping[Anchor, int]) -> None:
        """See `AnchorStore`."""
        await self._database.run(lambda session: _save_anchors(session, counts))


class SqlNumbers:
    """A `NumberStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def instance(self) -> str:
        """See `NumberStore`."""
        return await self._database.run(_instance)

    async def reserve(self, count: int) -> int:
        """See `NumberStore`."""
        return await self._database.run(lambda session: _reserve(session, count))


class SqlOutcomes:
    """An `OutcomeStore` in a migrated database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> OutcomeState:
        """See `OutcomeStore`."""
        return await self._database.run(_load_outcomes)

    async def save(self, changes: OutcomeState, keep_requests: int) -> None:
        """See `OutcomeStore`."""
        await self._database.run(lambda session: _save_outcomes(session, changes, keep_requests))


def _load_matches(session: Session) -> list[Match]:
    rows = session.execute(select(tables.matches).order_by(tables.matches.c.create_time))
    return [_match(row) for row in rows]


def _save_matches(session: Session, matches: Sequence[Match], forgotten: Sequence[str]) -> None:
    column = tables.matches.c.match_id
    for part in _parts([*forgotten, *(match.match_id for match in matches)]):
        session.execute(delete(tables.matches).where(column.in_(part)))
    if matches:
        session.execute(insert(tables.matches), [_match_row(one) for one in matches])


def _load_anchors(session: Session) -> dict[Anchor, int]:
    rows = session.execute(select(tables.anchors))
    return {(row.ladder, tuple(row.bots.split(" "))): row.matches for row in rows}


def _save_anchors(session: Session, counts: Mapping[Anchor, int]) -> None:
    for (ladder, bots), matches in counts.items():
        row = {"ladder": ladder, "bots": " ".join(bots)}
        session.execute(delete(tables.anchors).filter_by(**row))
        session.execute(insert(tables.anchors), {**row, "matches": matches})


def _match(row: Row[Any]) -> Match:
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
    )


def _match_row(match: Match) -> dict[str, Any]:
    # asdict also turns the settings into a dictionary, and leaves the participants a tuple.
    return {**asdict(match), "participants": list(match.participants), "state": match.state.value}


def _instance(session: Session) -> str:
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


def _reserve(session: Session, count: int) -> int:
    _instance(session)
    column = tables.numbers.c.next_number
    end: int = session.execute(
        update(tables.numbers).values(next_number=column + count).returning(column)
    ).scalar_one()
    return end - count


def _load_outcomes(session: Session) -> OutcomeState:
    rows = session.execute(select(tables.forms))
    column = tables.requests.c
    ids = session.scalars(select(column.request_id).order_by(column.id))
    return OutcomeState(
        {(row.student, row.opponent): Form(row.score, row.weight, row.games) for row in rows},
        list(ids),
    )


def _save_outcomes(session: Session, changes: OutcomeState, keep_requests: int) -> None:
    forms = tables.forms
    key = tuple_(forms.c.student, forms.c.opponent)
    for part in _parts(list(changes.forms)):
        session.execute(delete(forms).where(key.in_(part)))
    if changes.forms:
        session.execute(insert(forms), list(_form_rows(changes)))
    if changes.request_ids:
        # A save that was cut off may have committed: saving the same again must do no harm.
        for part in _parts(changes.request_ids):
            session.execute(delete(tables.requests).where(tables.requests.c.request_id.in_(part)))
        ids = [{"request_id": request_id} for request_id in changes.request_ids]
        session.execute(insert(tables.requests), ids)
        newest = session.scalar(select(func.max(tables.requests.c.id))) or 0
        session.execute(
            delete(tables.requests).where(tables.requests.c.id <= newest - keep_requests)
        )


def _form_rows(changes: OutcomeState) -> Iterator[dict[str, Any]]:
    for (student, opponent), form in changes.forms.items():
        yield {"student": student, "opponent": opponent, **asdict(form)}


def _parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[at : at + _ROWS_A_STATEMENT] for at in range(0, len(rows), _ROWS_A_STATEMENT))
