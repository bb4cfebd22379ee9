"""How PostgreSQL would carry out what a store asks of it, at a million rows.

A tenth of the rows is there, and the planner is told that its pages hold ten times as many. It is
right about how many rows a step has, and takes a table for ten times as fast to read from one end
to the other as it is: a plan that is by index here is one at a million rows all the more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from services._harness.sql.database import Database

ROWS: Final = 100_000
_TIMES: Final = 10
_LARGE: Final = 20_000
"""Rows; what is bounded below may be read from one end to the other."""
MOST_COST: Final = 20_000.0
"""In the planner's units: a page from an index is about 1 to 500, a million rows above 20,000."""


@dataclass
class Asked:
    """Statements with their parameters, as SQLAlchemy sends them."""

    statements: dict[str, Any] = field(default_factory=dict)


@contextmanager
def captured(database: Database) -> Iterator[Asked]:
    """All that is asked of a database inside the block."""
    asked = Asked()

    def take(
        _: object, __: object, statement: str, parameters: Any, ___: object, many: bool
    ) -> None:
        asked.statements[statement] = parameters[0] if many else parameters

    event.listen(database.engine, "before_cursor_execute", take)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", take)


async def fill(database: Database, *statements: str) -> None:
    """Fills tables by an INSERT each; one of `:rows` rows stands for ten times as many."""

    def work(session: Session) -> None:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        for statement in statements:
            _fill(session, statement)

    await database.run(work)


def _fill(session: Session, statement: str) -> None:
    """An index is made of rows that are there in a fifth of the time that it grows in."""
    table = statement.split()[2]
    session.execute(text(f"ALTER TABLE {table} SET UNLOGGED"))
    # Else the server would count the rows again.
    session.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
    constraints = session.execute(
        text(
            "SELECT conname AS name, pg_get_constraintdef(oid) AS made FROM pg_constraint "
            "WHERE conrelid = CAST(:of AS regclass) AND contype IN ('p', 'u')"
        ),
        {"of": table},
    ).all()
    for constraint in constraints:
        session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint.name}"))
    indexes = session.execute(
        text(
            "SELECT indexname AS name, indexdef AS made FROM pg_indexes "
            "WHERE schemaname = current_schema AND tablename = :of"
        ),
        {"of": table},
    ).all()
    for index in indexes:
        session.execute(text(f"DROP INDEX {index.name}"))
    session.connection().exec_driver_sql(statement.replace("%", "%%").replace(":rows", str(ROWS)))
    for constraint in constraints:
        added = f"ADD CONSTRAINT {constraint.name} {constraint.made}"
        session.execute(text(f"ALTER TABLE {table} {added}"))
    for index in indexes:
        session.execute(text(index.made))
    session.execute(text(f"ANALYZE {table}"))
    if ":rows" in statement:
        more = (
            "UPDATE pg_class SET reltuples = :times * reltuples WHERE oid = CAST(:of AS regclass)"
        )
        session.execute(text(more), {"times": _TIMES, "of": table})


async def slow_plans(database: Database, asked: Asked) -> list[str]:
    """The statements that read a large table from one end to the other, or cost too much."""

    def work(session: Session) -> list[str]:
        of_size = text("SELECT relname FROM pg_class WHERE reltuples > :large")
        large = set(session.scalars(of_size, {"large": _LARGE}))
        found = []
        for statement, parameters in asked.statements.items():
            if statement.split(None, 1)[0].upper() not in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                continue
            explained = session.connection().exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", parameters
            )
            plan = explained.scalar_one()[0]["Plan"]
            scanned = _scanned(plan) & large
            if scanned or plan["Total Cost"] > MOST_COST:
                found.append(f"{scanned or plan['Total Cost']}: {statement} {parameters}\n{plan}")
        return found

    return await database.run(work)


def _scanned(plan: dict[str, Any]) -> set[str]:
    """Tables that a plan reads from one end to the other."""
    own = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return own.union(*map(_scanned, plan.get("Plans", ())))
