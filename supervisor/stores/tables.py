"""Copies tables from one database to another, SQLite or PostgreSQL, and proves that they agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.engine import Row

_AT_ONCE: Final = 2000
_VERSIONS: Final = "alembic_version_"


class Sum(NamedTuple):
    """What a table holds: its rows, and a sum of their hashes, in whatever order they come."""

    rows: int
    checksum: str


def tables_of(engine: Engine) -> list[str]:
    """Names of all tables of a part's own database, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(engine)
    return [t.name for t in metadata.sorted_tables if not t.name.startswith(_VERSIONS)]


def reflected(connection: Connection, names: Iterable[str]) -> list[Table]:
    """The tables as they are in the database."""
    metadata = MetaData()
    return [Table(name, metadata, autoload_with=connection) for name in names]


def copy_table(source: Connection, of: Table, target: Connection, to: Table) -> Sum:
    """Copies all rows of a table, within the target's transaction.

    What the target has goes: migrations make some tables with a first row.

    Raises:
        RuntimeError: what the target then has is not what the source has.
    """
    count, total = 0, 0
    naive = target.dialect.name == "sqlite"
    columns = [column.name for column in of.columns]
    target.execute(to.delete())
    for piece in _pieces(source, of):
        rows = [dict(zip(columns, map(_in_utc, row), strict=True)) for row in piece]
        count += len(rows)
        total += sum(_hash(columns, row) for row in piece)
        if naive:
            rows = [{name: _naive(value) for name, value in row.items()} for row in rows]
        target.execute(insert(to), rows)
    _set_counter(source, of, target, to)
    copied = Sum(count, _text(total))
    found = sum_of(target, to)
    if found != copied:
        raise RuntimeError(
            f"table {of.name}: {copied.rows} rows with checksum {copied.checksum[:16]} were read, "
            f"but {found.rows} with {found.checksum[:16]} are in the target"
        )
    return copied


def sum_of(connection: Connection, table: Table) -> Sum:
    """What a table holds."""
    columns = [column.name for column in table.columns]
    count = total = 0
    for piece in _pieces(connection, table):
        count += len(piece)
        total += sum(_hash(columns, row) for row in piece)
    return Sum(count, _text(total))


def without_limits(connection: Connection) -> None:
    """Lets statements of this transaction take their time; times come in UTC."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))


def _pieces(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    query = select(table).execution_options(yield_per=_AT_ONCE)
    yield from connection.execute(query).partitions()


def _hash(columns: Sequence[str], row: Iterable[Any]) -> int:
    plain = sorted(zip(columns, map(_plain, row), strict=True))
    return int.from_bytes(hashlib.sha256(repr(plain).encode()).digest())


def _text(total: int) -> str:
    return f"{total % (1 << 256):064x}"


def _plain(value: Any) -> Any:
    """The same for what both databases give back for one value."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, datetime):
        return _in_utc(value).isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value


def _in_utc(value: Any) -> Any:
    """Times that are stored without a zone are in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _set_counter(source: Connection, of: Table, target: Connection, to: Table) -> None:
    """Lets the target count on where the source does, though its last rows may be deleted."""
    [*key] = of.primary_key.columns
    if len(key) != 1 or not isinstance(key[0].type, Integer):
        return
    column = key[0].name
    highest = max(_counted(source, of, column), _highest(source, of, column))
    if not highest:
        return
    if target.dialect.name == "postgresql":
        sequence = _sequence(target, to.name, column)
        if sequence is not None:
            target.execute(text("SELECT setval(:of, :at)"), {"of": sequence, "at": highest})
    elif _has_counters(target):
        changed = target.execute(
            text("UPDATE sqlite_sequence SET seq = :at WHERE name = :of"),
            {"of": to.name, "at": highest},
        )
        if not changed.rowcount and _counts_up(target, to.name):
            target.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:of, :at)"),
                {"of": to.name, "at": highest},
            )


def _highest(connection: Connection, table: Table, column: str) -> int:
    return connection.execute(select(func.max(table.c[column]))).scalar_one() or 0


def _counted(connection: Connection, table: Table, column: str) -> int:
    """What the database has counted up to; 0 where it does not count."""
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table.name, column)
        if sequence is None:
            return 0
        last = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        return int(connection.execute(last).scalar_one())
    if not _has_counters(connection):
        return 0
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :of")
    return int(connection.execute(query, {"of": table.name}).scalar() or 0)


def _sequence(connection: Connection, table: str, column: str) -> str | None:
    query = text("SELECT pg_get_serial_sequence(:table, :column)")
    found: str | None = connection.execute(query, {"table": table, "column": column}).scalar_one()
    return found


def _has_counters(connection: Connection) -> bool:
    query = text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
    return connection.execute(query).first() is not None


def _counts_up(connection: Connection, table: str) -> bool:
    query = text("SELECT sql FROM sqlite_master WHERE name = :of")
    return "AUTOINCREMENT" in (connection.execute(query, {"of": table}).scalar() or "").upper()
