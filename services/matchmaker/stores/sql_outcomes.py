"""Training outcomes in SQL: records, with the revision of their last change.

Revisions are given under a lock that is held until the commit, so they become visible in their
order: who has read one has read all before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.matchmaker.store import FormsRead, Told
from services.matchmaker.stores import tables
from services.matchmaker.stores.sql import made_instance
from services.matchmaker.training.outcomes import MOST_FORMS, Form, decay_of

_ROWS_A_STATEMENT = 500  # SQLite takes at most 32,766 variables in one

Pair = tuple[str, str]


class SqlOutcomes:
    """An `OutcomeStore` in a migrated database.

    `most_forms` is how many pairs are kept.
    """

    def __init__(self, database: Database, most_forms: int = MOST_FORMS) -> None:
        self._database = database
        self._most_forms = most_forms

    async def read(self, after: int = 0) -> FormsRead:
        """See `OutcomeStore`."""
        return await self._database.run(lambda session: _read(session, after))

    async def request_ids(self) -> list[str]:
        """See `OutcomeStore`."""
        column = tables.requests.c
        ids = select(column.request_id).order_by(column.id)
        return await self._database.run(lambda session: list(session.scalars(ids)))

    async def add(
        self, told: Sequence[Told], half_life: float, keep_requests: int
    ) -> Mapping[Pair, Form]:
        """See `OutcomeStore`."""
        # Requests that were counted are not counted again, so it may be tried again.
        return await self._database.run(
            lambda session: _add(
                session, told, decay_of(half_life), keep_requests, self._most_forms
            ),
            idempotent=True,
        )


def _read(session: Session, after: int) -> FormsRead:
    forms = tables.forms
    changed = select(forms).order_by(forms.c.revision)
    if after:
        changed = changed.where(forms.c.revision > after)
    rows = session.execute(changed).all()
    found = {(row.student, row.opponent): Form(row.score, row.weight, row.games) for row in rows}
    return FormsRead(found, max(after, *(row.revision for row in rows[-1:]), 0))


def _add(
    session: Session, told: Sequence[Told], decay: float, keep_requests: int, most_forms: int
) -> Mapping[Pair, Form]:
    revision = _next_revision(session)
    known = _known(session, [one.request_id for one in told])
    forms = _forms(session, {(one.student, name) for one in told for name in one.outcomes})
    changed: dict[Pair, Form] = {}
    ids = []
    for one in told:
        if one.request_id in known:
            continue
        known.add(one.request_id)
        ids.append({"request_id": one.request_id})
        for opponent, outcomes in one.outcomes.items():
            pair = one.student, opponent
            form = changed.get(pair) or forms.get(pair) or Form()
            changed[pair] = form.after(outcomes, decay)
    if ids:
        _replace(session, changed, revision, most_forms)
        _remember(session, ids, keep_requests)
    return {**forms, **changed}


def _next_revision(session: Session) -> int:
    made_instance(session)
    column = tables.numbers.c.revision
    revision: int = session.execute(
        update(tables.numbers).values(revision=column + 1).returning(column)
    ).scalar_one()
    return revision


def _known(session: Session, ids: Sequence[str]) -> set[str]:
    column = tables.requests.c.request_id
    return {
        known
        for part in _parts(ids)
        for known in session.scalars(select(column).where(column.in_(part)))
    }


def _forms(session: Session, pairs: Iterable[Pair]) -> dict[Pair, Form]:
    forms = tables.forms
    key = tuple_(forms.c.student, forms.c.opponent)
    return {
        (row.student, row.opponent): Form(row.score, row.weight, row.games)
        for part in _parts(sorted(pairs))
        for row in session.execute(select(forms).where(key.in_(part)))
    }


def _replace(
    session: Session, changed: Mapping[Pair, Form], revision: int, most_forms: int
) -> None:
    forms = tables.forms
    key = tuple_(forms.c.student, forms.c.opponent)
    for part in _parts(list(changed)):
        session.execute(delete(forms).where(key.in_(part)))
    if changed:
        session.execute(insert(forms), list(_rows(changed, revision)))
    surplus = (session.scalar(select(func.count()).select_from(forms)) or 0) - most_forms
    if surplus > 0:
        # Of one revision all or none go.
        oldest = select(forms.c.revision).order_by(forms.c.revision).offset(surplus - 1).limit(1)
        last = session.scalars(oldest).one()
        session.execute(delete(forms).where(forms.c.revision <= min(last, revision - 1)))


def _rows(changed: Mapping[Pair, Form], revision: int) -> Iterator[dict[str, Any]]:
    for (student, opponent), form in changed.items():
        yield {
            "student": student,
            "opponent": opponent,
            "revision": revision,
            **asdict(form),
        }


def _remember(session: Session, ids: Sequence[dict[str, str]], keep_requests: int) -> None:
    session.execute(insert(tables.requests), ids)
    newest = session.scalar(select(func.max(tables.requests.c.id))) or 0
    session.execute(delete(tables.requests).where(tables.requests.c.id <= newest - keep_requests))


def _parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[at : at + _ROWS_A_STATEMENT] for at in range(0, len(rows), _ROWS_A_STATEMENT))
