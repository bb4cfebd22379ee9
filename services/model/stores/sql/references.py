"""What snapshots were validated on, in SQL; statements are made once, as in `sql.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from services.model.stores.sql.tables import REFERENCES

_ADD: Final = insert(REFERENCES)
_NEAREST: Final = (
    select(REFERENCES.c.number, REFERENCES.c.content)
    .where(REFERENCES.c.name == bindparam("of"), REFERENCES.c.number <= bindparam("most"))
    .order_by(REFERENCES.c.number.desc())
    .limit(1)
)


class SqlReferences:
    """`References` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, name: str, number: int, content: bytes) -> None:
        """Adds that of a version."""
        row = {"name": name, "number": number, "content": content}
        self._connection.execute(_ADD, row)

    def nearest(self, name: str, number: int) -> tuple[int, bytes] | None:
        """That of a version, or of the last one before it that has any."""
        row = self._connection.execute(_NEAREST, {"of": name, "most": number}).first()
        return None if row is None else (row.number, bytes(row.content))
