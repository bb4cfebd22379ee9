"""All tables of a running mesh as they were at one moment, as SQLite files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, inspect, text

from mazemesh.errors import FailedPrecondition
from mazemesh.sqlite_url import sqlite_url
from services._harness.sql.database import Database
from services._harness.sql.migrations import migrate
from supervisor.stores.kept import Part, parts
from supervisor.stores.tables import copy_table, reflected, tables_of, without_limits

_BUSY_SECONDS: Final = 30.0


def snapshot(data_dir: Path, database_url: str | None, target: Path) -> list[str]:
    """Writes `target/<part>.sqlite` for each part that has tables; names of these parts.

    Nobody waits for longer than it takes to begin a few transactions.

    Raises:
        FailedPrecondition: the tables are of another version of mazemesh.
    """
    if database_url is None:
        return _of_files(data_dir, target)
    engine = Database(database_url).engine
    try:
        if engine.dialect.name == "sqlite":
            raise FailedPrecondition(
                "one SQLite file of all services cannot be backed up; copy it with sqlite3 .backup"
            )
        return _of_server(engine, target)
    finally:
        engine.dispose()


def _of_files(data_dir: Path, target: Path) -> list[str]:
    files = {p.name: f for p in parts() if (f := data_dir / f"{p.name}.sqlite").exists()}
    with ExitStack() as open_files:
        with ExitStack() as writers:
            # While nobody writes to any of them, a reader of each begins: what the readers see is
            # of one moment, and the writers go on.
            for path in files.values():
                writer = writers.enter_context(_connected(path))
                writer.execute("BEGIN IMMEDIATE")
            readers = {}
            for name, path in files.items():
                readers[name] = open_files.enter_context(_connected(path))
                readers[name].execute("BEGIN")
                readers[name].execute("SELECT count(*) FROM sqlite_master").fetchone()
        for name, reader in readers.items():
            with closing(sqlite3.connect(target / f"{name}.sqlite")) as copy:
                reader.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
    return list(files)


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
        yield connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _of_server(engine: Engine, target: Path) -> list[str]:
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.connect() as connection, connection.begin():
        without_limits(connection)
        connection.execute(text("SET TRANSACTION READ ONLY"))
        present = [part for part in parts() if _is_there(connection, part)]
        for part in present:
            _copy_part(connection, part, target / f"{part.name}.sqlite")
    return [part.name for part in present]


def _is_there(connection: Connection, part: Part) -> bool:
    return inspect(connection).has_table(f"alembic_version_{part.name}")


def _copy_part(source: Connection, part: Part, path: Path) -> None:
    engine = create_engine(sqlite_url(path))
    try:
        newest = migrate(engine, part.package)
        version = text(f"SELECT version_num FROM alembic_version_{part.name}")  # noqa: S608
        found = source.execute(version).scalar_one()
        if found != newest:
            raise FailedPrecondition(
                f"the tables of {part.name} are at revision {found}, and this mazemesh knows "
                f"{newest}; back up with the version that runs"
            )
        names = tables_of(engine)
        with engine.begin() as target:
            for name in names:
                [of], [to] = reflected(source, [name]), reflected(target, [name])
                copy_table(source, of, target, to)
    finally:
        engine.dispose()
