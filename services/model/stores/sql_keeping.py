"""Who holds which version, and rules for moves of aliases, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from services.model.registry.policy import Hold
from services.model.stores.sql_time import in_utc
from services.model.stores.tables import HOLDS, RULES

_ONE: Final = (
    HOLDS.c.name == bindparam("of"),
    HOLDS.c.number == bindparam("which"),
    HOLDS.c.holder == bindparam("whose"),
)
_ADD: Final = insert(HOLDS)
_CHANGE: Final = (
    update(HOLDS)
    .where(*_ONE)
    .values(reason=bindparam("why"), expires=bindparam("until"))
    .returning(HOLDS.c.number)
)
_DELETE: Final = delete(HOLDS).where(*_ONE)
_OF: Final = (
    select(HOLDS)
    .where(HOLDS.c.name == bindparam("of"), HOLDS.c.expires > bindparam("now"))
    .order_by(HOLDS.c.number, HOLDS.c.holder)
)
_BY: Final = (
    select(HOLDS)
    .where(HOLDS.c.holder == bindparam("whose"), HOLDS.c.expires > bindparam("now"))
    .order_by(HOLDS.c.name, HOLDS.c.number)
)
_FORGET: Final = delete(HOLDS).where(HOLDS.c.expires <= bindparam("now"))

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

    def put(self, hold: Hold) -> None:
        """Adds a hold, or replaces the one that the holder has on the version."""
        which = {"of": hold.name, "which": hold.number, "whose": hold.holder}
        change = {**which, "why": hold.reason, "until": hold.expires}
        if self._connection.execute(_CHANGE, change).first() is None:
            row = {
                "name": hold.name,
                "number": hold.number,
                "holder": hold.holder,
                "reason": hold.reason,
                "expires": hold.expires,
            }
            self._connection.execute(_ADD, row)

    def delete(self, name: str, number: int, holder: str) -> None:
        """Deletes a hold, if it is there."""
        self._connection.execute(_DELETE, {"of": name, "which": number, "whose": holder})

    def of(self, name: str, now: datetime) -> list[Hold]:
        """Those on versions of a name that have not expired."""
        return [_hold(row) for row in self._connection.execute(_OF, {"of": name, "now": now})]

    def by(self, holder: str, now: datetime) -> list[Hold]:
        """Those of a holder that have not expired."""
        return [_hold(row) for row in self._connection.execute(_BY, {"whose": holder, "now": now})]

    def forget(self, now: datetime) -> None:
        """Deletes those that have expired."""
        self._connection.execute(_FORGET, {"now": now})


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


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.name, row.number, row.holder, row.reason, in_utc(row.expires))
