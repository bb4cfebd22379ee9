"""Who holds which version, and rules for moves of aliases, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    Table,
    bindparam,
    case,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from services.model.registry.policy import Hold
from services.model.stores.sql.tables import HOLDS, RULES
from services.model.stores.sql.utc import in_utc

_ONE: Final = (
    HOLDS.c.name == bindparam("of"),
    HOLDS.c.number == bindparam("which"),
    HOLDS.c.holder == bindparam("whose"),
)
_DELETE: Final = delete(HOLDS).where(*_ONE)
_OF: Final = (
    select(HOLDS)
    .where(HOLDS.c.name == bindparam("of"), HOLDS.c.expires > bindparam("now"))
    .order_by(HOLDS.c.number, HOLDS.c.holder)
    .limit(bindparam("most"))
)
_ON: Final = _OF.where(HOLDS.c.number == bindparam("which"))
_BY: Final = (
    select(HOLDS)
    .where(HOLDS.c.holder == bindparam("whose"), HOLDS.c.expires > bindparam("now"))
    .order_by(HOLDS.c.name, HOLDS.c.number)
    .limit(bindparam("most"))
)
_FORGET: Final = delete(HOLDS).where(HOLDS.c.expires <= bindparam("now"))


def _upsert(inserting: Callable[[Table], Any]) -> Any:
    new = inserting(HOLDS)
    later = case(
        (new.excluded.expires > HOLDS.c.expires, new.excluded.expires), else_=HOLDS.c.expires
    )
    return new.on_conflict_do_update(
        index_elements=list(HOLDS.primary_key),
        set_={"reason": new.excluded.reason, "expires": later},
    )


_PUT: Final = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}

_RULES: Final = select(RULES).where(
    RULES.c.name == bindparam("of"), RULES.c.alias == bindparam("called")
)
_RULES_OF: Final = select(RULES).where(RULES.c.name == bindparam("of")).order_by(RULES.c.alias)
_ADD_RULES: Final = insert(RULES)
_CHANGE_RULES: Final = (
    update(RULES)
    .where(RULES.c.name == bindparam("of"), RULES.c.alias == bindparam("called"))
    .values(revision=bindparam("at"), rules=bindparam("text"))
    .returning(RULES.c.revision)
)


class SqlHolds:
    """`Holds` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, holds: Sequence[Hold]) -> None:
        """Adds holds; one that the holder has on a version already is never shortened."""
        if holds:
            rows = [asdict(one) for one in holds]
            self._connection.execute(_PUT[self._connection.dialect.name], rows)

    def delete(self, name: str, number: int, holder: str) -> None:
        """Deletes a hold, if it is there."""
        self._connection.execute(_DELETE, {"of": name, "which": number, "whose": holder})

    def of(self, name: str, now: datetime, most: int) -> list[Hold]:
        """The first so many on versions of a name that have not expired."""
        return self._read(_OF, {"of": name, "now": now, "most": most})

    def on(self, name: str, number: int, now: datetime, most: int) -> list[Hold]:
        """The same of one version."""
        return self._read(_ON, {"of": name, "which": number, "now": now, "most": most})

    def by(self, holder: str, now: datetime, most: int) -> list[Hold]:
        """The first so many of a holder that have not expired."""
        return self._read(_BY, {"whose": holder, "now": now, "most": most})

    def forget(self, now: datetime) -> None:
        """Deletes those that have expired."""
        self._connection.execute(_FORGET, {"now": now})

    def _read(self, query: Select[Any], asked: dict[str, Any]) -> list[Hold]:
        return [
            Hold(row.name, row.number, row.holder, row.reason, in_utc(row.expires))
            for row in self._connection.execute(query, asked)
        ]


class SqlRules:
    """`RuleBook` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, alias: str) -> tuple[int, str]:
        """Revision and text; (0, "") where there never were any."""
        row = self._connection.execute(_RULES, {"of": name, "called": alias}).first()
        return (row.revision, row.rules) if row else (0, "")

    def of(self, name: str) -> list[tuple[str, int, str]]:
        """Alias, revision and text of all of a name."""
        found = self._connection.execute(_RULES_OF, {"of": name})
        return [(row.alias, row.revision, row.rules) for row in found]

    def put(self, name: str, alias: str, revision: int, text: str) -> None:
        """Keeps rules in place of those before."""
        change = {"of": name, "called": alias, "at": revision, "text": text}
        if self._connection.execute(_CHANGE_RULES, change).first() is None:
            row = {"name": name, "alias": alias, "revision": revision, "rules": text}
            self._connection.execute(_ADD_RULES, row)
