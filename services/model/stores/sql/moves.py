"""Moves of aliases in SQL; statements are made once, as in `sql.py`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, or_, select

from services.model.registry.policy import Alias, AliasMove, Told
from services.model.stores.sql.tables import ALIAS_MOVES
from services.model.stores.sql.utc import in_utc

_HIGHEST: Final = 2**62
_ADD: Final = insert(ALIAS_MOVES)
_OF_NAME: Final = (
    select(ALIAS_MOVES)
    .where(ALIAS_MOVES.c.name == bindparam("of"), ALIAS_MOVES.c.revision < bindparam("before"))
    .order_by(ALIAS_MOVES.c.revision.desc())
    .limit(bindparam("most"))
)
_OF_ALIAS: Final = _OF_NAME.where(ALIAS_MOVES.c.alias == bindparam("called"))
_STOOD: Final = (
    select(ALIAS_MOVES.c.revision)
    .where(
        ALIAS_MOVES.c.name == bindparam("of"),
        ALIAS_MOVES.c.alias == bindparam("called"),
        or_(
            ALIAS_MOVES.c.number == bindparam("which"),
            ALIAS_MOVES.c.from_number == bindparam("which"),
        ),
    )
    .limit(1)
)


class SqlMoves:
    """`Moves` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, move: AliasMove) -> None:
        """Adds the newest move."""
        alias, told = move.alias, move.told
        row = {
            "revision": alias.revision,
            "name": alias.name,
            "alias": alias.alias,
            "from_number": move.from_number,
            "number": alias.number,
            "time": move.time,
            "reason": told.reason,
            "mover": told.mover,
            "key_id": told.key_id,
            "gate_id": told.gate_id,
        }
        self._connection.execute(_ADD, row)

    def last(self, name: str, alias: str) -> AliasMove | None:
        """The last move of an alias, or None."""
        return next(iter(self.page(name, alias, 0, 1)), None)

    def stood(self, name: str, alias: str, number: int) -> bool:
        """Whether an alias was ever moved to, or from, a version."""
        asked = {"of": name, "called": alias, "which": number}
        return self._connection.execute(_STOOD, asked).first() is not None

    def page(self, name: str, alias: str, before: int, limit: int) -> list[AliasMove]:
        """The last moves before a revision, newest first."""
        asked = {"of": name, "before": before or _HIGHEST, "most": limit}
        if alias:
            rows = self._connection.execute(_OF_ALIAS, {**asked, "called": alias})
        else:
            rows = self._connection.execute(_OF_NAME, asked)
        return [_move(row) for row in rows]


def _move(row: Row[Any]) -> AliasMove:
    return AliasMove(
        Alias(row.name, row.alias, row.number, row.revision),
        row.from_number,
        in_utc(row.time),
        Told(row.reason, row.mover, row.key_id, row.gate_id),
    )
