"""Fills a shared database from SQLite files, so that a try that was cut off can be gone on with.

Each table is one transaction, and so is the note of it in `mazemesh_copied`: what is noted is
whole, what is not noted is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    select,
)
from sqlalchemy import insert as insert_into

from mazemesh.errors import Conflict
from mazemesh.sqlite_url import sqlite_url
from services._harness.sql.database import Database
from services._harness.sql.migrations import migrate
from supervisor.stores.kept import Part, parts
from supervisor.stores.tables import (
    Sum,
    copy_table,
    reflected,
    sum_of,
    tables_of,
    without_limits,
)

_METADATA: Final = MetaData()
_COPIED: Final = Table(
    "mazemesh_copied",
    _METADATA,
    Column("item", String(128), primary_key=True),
    Column("source", String(128), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("checksum", String(64), nullable=False),
)
_BEGUN: Final = "begun"
_FILES: Final = "files"
_ALL: Final = "all"
_NO_TABLES: Final = frozenset({_BEGUN, _FILES, _ALL})

Told = Callable[[str], None]


def fill(
    files: Path,
    database_url: str,
    source_id: str,
    told: Told,
    first: Callable[[], object] | None = None,
) -> dict[str, Sum]:
    """Copies `files/<part>.sqlite` into a database; what each table holds.

    Args:
        files: a folder; the files in it are brought to the newest revision.
        database_url: of a database that is empty, or in which an earlier try was cut off.
        source_id: tells sources apart.
        told: is given a line for each step.
        first: carries the files that rows name; it is not called again once it has returned.

    Raises:
        Conflict: there is something else in the database.
    """
    with _engine(database_url) as target:
        for part in parts():
            migrate(target, part.package)
        done = _begin(target, files, source_id)
        if first is not None and _FILES not in done:
            first()
            with target.begin() as connection:
                _note(connection, _FILES, source_id, Sum(0, ""))
        of_tables = {name: found for name, found in done.items() if name not in _NO_TABLES}
        if _ALL in done:
            told("the database has all of it already")
            return of_tables
        copied: dict[str, Sum] = {}
        for part, path in _present(files):
            with _engine(sqlite_url(path)) as source:
                migrate(source, part.package)
                for name in tables_of(source):
                    if name not in done:
                        copied[name] = _copy(source, target, name, source_id)
                        told(f"{name}: {copied[name].rows} rows")
        with target.begin() as connection:
            _note(connection, _ALL, source_id, Sum(0, ""))
        return of_tables | copied


def _begin(target: Engine, files: Path, source_id: str) -> dict[str, Sum]:
    """What earlier tries have copied; refuses a database with something else in it."""
    _METADATA.create_all(target)
    with target.begin() as connection:
        rows = connection.execute(select(_COPIED)).all()
        others = {row.source for row in rows} - {source_id}
        if others:
            raise Conflict(f"the database was filled from another source before ({min(others)})")
        done = {row.item: Sum(row.rows, row.checksum) for row in rows}
        if _ALL in done:
            return done
        new = {name: found for part in parts() for name, found in _new_tables(part).items()}
        full = [
            table.name
            for table in reflected(connection, new.keys() - done.keys())
            if sum_of(connection, table) != new[table.name]
        ]
        if full:
            some = ", ".join(sorted(full)[:5])
            raise Conflict(
                f"the database is not empty ({some}); give an empty one, so that "
                "nothing of another mesh is mixed with this one's"
            )
        if not done:
            _note(connection, _BEGUN, source_id, Sum(0, ""))
        return done


def _copy(source: Engine, target: Engine, name: str, source_id: str) -> Sum:
    with source.connect() as reading, target.begin() as writing:
        without_limits(writing)
        [of] = reflected(reading, [name])
        [to] = reflected(writing, [name])
        copied = copy_table(reading, of, writing, to)
        _note(writing, name, source_id, copied)
    return copied


def _note(connection: Connection, item: str, source_id: str, what: Sum) -> None:
    connection.execute(insert_into(_COPIED).values(item=item, source=source_id, **what._asdict()))


def _present(files: Path) -> Iterator[tuple[Part, Path]]:
    for part in parts():
        path = files / f"{part.name}.sqlite"
        if path.exists():
            yield part, path


def _new_tables(part: Part) -> dict[str, Sum]:
    """A part's tables as its migrations leave them, which may put a first row into some."""
    engine = create_engine("sqlite://")
    try:
        migrate(engine, part.package)
        with engine.connect() as connection:
            return {t.name: sum_of(connection, t) for t in reflected(connection, tables_of(engine))}
    finally:
        engine.dispose()


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = Database(url).engine
    try:
        yield engine
    finally:
        engine.dispose()
