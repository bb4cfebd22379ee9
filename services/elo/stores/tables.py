"""The tables of the Elo service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Table, Text, event
from sqlalchemy.pool import ConnectionPoolEntry

from services._harness.sql.database import Database, create_metadata

metadata = create_metadata()

results = Table(
    "elo_results",
    metadata,
    # The order of the log. AUTOINCREMENT, so that SQLite never gives a number again.
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("match_id", String(128), nullable=False, unique=True),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

leases = Table(
    "elo_leases",
    metadata,
    Column("task", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    # Seconds since 1970 by the database's clock.
    Column("expires_at", Float(53), nullable=False),
)

marks = Table(
    "elo_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

ladders = Table(
    "elo_ladders",
    metadata,
    Column("ladder", String(128), primary_key=True),
    Column("high_water", BigInteger, nullable=False),
    Column("matches", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

pairs = Table(
    "elo_pairs",
    metadata,
    Column("ladder", String(128), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

standings = Table(
    "elo_standings",
    metadata,
    Column("ladder", String(128), primary_key=True),
    Column("high_water", BigInteger, nullable=False),
    Column("matches", BigInteger, nullable=False),
    Column("log_nu", Float(53), nullable=False),
    Column("body", LargeBinary, nullable=False),
    # How sure the ratings are together; absent in rows of before there was this column.
    Column("spread", LargeBinary, nullable=True),
)

histories = Table(
    "elo_histories",
    metadata,
    Column("ladder", String(128), primary_key=True),
    Column("player", Integer, primary_key=True, autoincrement=False),
    # Which of the player's matches the first point is of, from 0.
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("points", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

gates = Table(
    "elo_gates",
    metadata,
    # The order in which they were opened.
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("gate_id", String(96), nullable=False, unique=True),
    Column("ladder", String(128), nullable=False, index=True),
    # Goes up with each change.
    Column("revision", BigInteger, nullable=False),
    # JSON; see `sql_gates`.
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)


def prepare(database: Database) -> None:
    """Sets up connections for a log of millions; before the first one is made.

    Match ids are random, so that each row of a large log changes another page of their index. What
    was changed several times since is copied to the file once only, if that is done rarely.
    """
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", _prepare_sqlite)


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA cache_size = -32000")  # KiB
    cursor.execute("PRAGMA wal_autocheckpoint = 16000")  # pages of 4 KiB
    cursor.close()
