"""Schema migrations: a service owns `migrations/versions/NNNN_name.py` and a version table.

A revision's identifier is the number its file name begins with (`revision = "0001"` in
`0001_first.py`), so a normal start compares a file name with one row and never imports Alembic.
Nor does the first one on an empty SQLite database: it takes what the revisions lead to from
`migrations/sqlite.sql`, which `python -m services._harness.sql.snapshot` writes after a new
revision.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, MetaData, column, inspect, select, table, text

from mazemesh.process.errors import StartError

# Alembic keeps its running environment in module globals.
_alembic_lock: Final = threading.Lock()

SNAPSHOT: Final = "sqlite.sql"
"""Under a service's `migrations`: all that its revisions make of an empty SQLite database."""


def migrate(engine: Engine, service_package: str) -> str:
    """Brings the service's tables to its newest revision, and returns that.

    All pending revisions are one transaction. Of several processes that start at once, one migrates
    and the others wait.

    Raises:
        StartError: the database is at a revision that this version of the service does not know.
        FileNotFoundError: the package has no revisions.
    """
    folder = _versions_folder(service_package)
    name = service_package.rpartition(".")[2]
    known = _known(folder)
    with engine.connect() as connection:
        current = _current(connection, name)
    snapshot = folder.parent / SNAPSHOT
    if current is None and engine.dialect.name == "sqlite" and snapshot.exists():
        current = _lay_down(engine, name, snapshot)
    if current == known[-1]:
        return known[-1]
    if current is not None and current not in known:
        raise StartError(
            f"the {name} database is at revision {current}, but this mazemesh only knows up to "
            f"{known[-1]}; upgrade mazemesh or use another data folder"
        )
    _upgrade(engine, name, folder, known[-1])
    return known[-1]


def upgrade_by_revisions(engine: Engine, service_package: str) -> None:
    """As `migrate`, by the revisions alone."""
    folder = _versions_folder(service_package)
    _upgrade(engine, service_package.rpartition(".")[2], folder, _known(folder)[-1])


def schema_differences(engine: Engine, service_package: str, metadata: MetaData) -> list[object]:
    """How the tables in the database differ from `metadata`, in Alembic's terms.

    For the test of a service: migrate an empty database, then nothing may differ.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    name = service_package.rpartition(".")[2]
    with engine.connect() as connection:
        options = {"version_table": _version_table(name), "compare_type": True}
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        )


def _versions_folder(service_package: str) -> Path:
    spec = find_spec(service_package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{service_package} is not a package")
    return Path(spec.submodule_search_locations[0]) / "migrations" / "versions"


def _known(folder: Path) -> list[str]:
    """All revisions, oldest first."""
    known = sorted(path.stem.partition("_")[0] for path in folder.glob("[0-9]*_*.py"))
    if not known:
        raise FileNotFoundError(f"there are no revisions in {folder}")
    return known


def _version_table(name: str) -> str:
    return f"alembic_version_{name}"


def _current(connection: Connection, name: str) -> str | None:
    if not inspect(connection).has_table(_version_table(name)):
        return None
    revision: str | None = connection.scalar(
        select(column("version_num")).select_from(table(_version_table(name)))
    )
    return revision


def _lay_down(engine: Engine, name: str, snapshot: Path) -> str | None:
    """Makes the tables of a snapshot, unless another process has by now; returns the revision."""
    with _exclusive(engine, name) as connection:
        current = _current(connection, name)
        if current is not None:
            return current
        for statement in _statements(snapshot.read_text()):
            connection.exec_driver_sql(statement)
        return _current(connection, name)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _upgrade(engine: Engine, name: str, folder: Path, newest: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    for option, path in (
        ("script_location", Path(__file__).parent / "alembic"),
        ("version_locations", folder),
    ):
        config.set_main_option(option, str(path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # a folder's name may hold any other one
    with _alembic_lock, _exclusive(engine, name) as connection:
        config.attributes.update(connection=connection, version_table=_version_table(name))
        command.upgrade(config, "head")
        reached = _current(connection, name)
        if reached != newest:
            raise RuntimeError(f"{folder}: file {newest}_*.py leads to revision {reached!r}")


@contextmanager
def _exclusive(engine: Engine, name: str) -> Iterator[Connection]:
    """A transaction that no other migration of this database can overlap."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                # Who migrates may take long, and so may who waits for it.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                lock = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
                connection.execute(lock, {"name": _version_table(name)})
                yield connection
            return
        # Changing a table in SQLite means to replace it, and dropping the old one would delete the
        # rows that refer to it. Foreign keys can only be switched outside of a transaction.
        driver = connection.connection.driver_connection
        if driver is None:
            raise RuntimeError("the connection was closed")
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise RuntimeError(
                        f"the migration of {name} leaves dangling references: {broken}"
                    )
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
