"""Gates in a relational database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services._harness.sql.database import Database
from services.elo.gate.gate import Gate, Memory
from services.elo.gate.sequential import Finding, Hypotheses, Verdict
from services.elo.stores.tables import gates


class SqlGates:
    """A `GateStore` in the table `elo_gates`; a row's revision is how often it changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, gate: Gate) -> Gate:
        """See `GateStore.open`."""
        return await self._database.run(partial(_open, gate=gate))

    async def get(self, gate_id: str) -> Gate | None:
        """See `GateStore.get`."""
        return await self._database.run(partial(_get, gate_id=gate_id))

    async def replace(self, old: Gate, new: Gate) -> bool:
        """See `GateStore.replace`."""
        return await self._database.run(partial(_replace, old=old, new=new))

    async def page(self, before: int, count: int, ladder: str) -> Sequence[tuple[int, Gate]]:
        """See `GateStore.page`."""
        query = select(gates.c.number, gates.c.body).order_by(gates.c.number.desc()).limit(count)
        if before:
            query = query.where(gates.c.number < before)
        if ladder:
            query = query.where(gates.c.ladder == ladder)
        rows = await self._database.run(lambda session: session.execute(query).all())
        return [(row.number, _read(row.body)) for row in rows]


def _open(session: Session, gate: Gate) -> Gate:
    known = _get(session, gate.gate_id)
    if known is not None:
        return known
    row = {"gate_id": gate.gate_id, "ladder": gate.ladder, "revision": 0, "body": _written(gate)}
    try:
        with session.begin_nested():
            session.execute(insert(gates).values(row))
    except IntegrityError:  # another instance opened it at the same time
        known = _get(session, gate.gate_id)
        if known is None:
            raise
        return known
    return gate


def _get(session: Session, gate_id: str) -> Gate | None:
    query = select(gates.c.body).where(gates.c.gate_id == gate_id)
    body = session.execute(query).scalar_one_or_none()
    return None if body is None else _read(body)


def _replace(session: Session, old: Gate, new: Gate) -> bool:
    # Matches that were seen only become more, so their number says whether a gate has changed.
    changed = session.execute(
        update(gates)
        .where((gates.c.gate_id == old.gate_id) & (gates.c.revision == old.finding.matches))
        .values(revision=new.finding.matches, body=_written(new))
        .returning(gates.c.number)
    )
    return changed.one_or_none() is not None


def _written(gate: Gate) -> str:
    body = asdict(gate)
    body["finding"]["verdict"] = gate.finding.verdict.value
    return json.dumps(body, separators=(",", ":"))


def _read(text: str) -> Gate:
    body: dict[str, Any] = json.loads(text)
    found = body["finding"]
    return Gate(
        **body
        | {
            "hypotheses": Hypotheses(**body["hypotheses"]),
            "ancestors": tuple(body["ancestors"]),
            "finding": Finding(
                Verdict(found["verdict"]),
                found["ratio"],
                tuple(found["counts"]),
                # Older rows have none.
                tuple(found.get("path", ())),
                found.get("stride", 1),
            ),
            "memories": tuple(Memory(**memory) for memory in body["memories"]),
        }
    )
