"""The relational store of a service: SQLite in a file by default, PostgreSQL at scale."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from mazemesh.process.errors import StartError
from services._harness.migrations import migrate

T = TypeVar("T")

_POSTGRESQL_CONNECTIONS: Final = 4
_BUSY_MILLISECONDS: Final = 30_000


def create_metadata() -> MetaData:
    """Metadata whose constraints all have names, so that migrations can address them."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """Runs transactions off the event loop, in one thread for SQLite and a few for PostgreSQL.

    Raises:
        StartError: the URL is neither `sqlite:` nor `postgresql:`.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.engine = _sqlite(parsed) if parsed.drivername == "sqlite" else _postgresql(parsed)
        threads = 1 if parsed.drivername == "sqlite" else _POSTGRESQL_CONNECTIONS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")

    async def run(self, work: Callable[[Session], T]) -> T:
        """Runs `work(session)` in a transaction: committed when it returns, undone when it raises.

        Objects that it returns stay readable after the commit. Transactions of a SQLite database
        run one after the other in the order of the calls. A caller that is cancelled does not stop
        a transaction that has begun. Where the database undoes a transaction for the sake of
        another one (serialization failure, deadlock), `work` runs again from its beginning, so it
        must change nothing but the session.

        Raises:
            ResourceExhausted: there is no room for what it writes.
            Unavailable: the database is locked for long, or its server away; or other transactions
                were in the way again and again.
        """
        return await self._in_thread(partial(self._transaction, work))

    async def migrate(self, service_package: str) -> str:
        """Brings the tables of a service, e.g. `services.elo`, to the newest revision; returns it.

        Raises:
            StartError: the database is newer than this version of the service, or cannot be used.
        """
        try:
            return await self._in_thread(partial(migrate, self.engine, service_package))
        except (DBAPIError, sqlite3.Error) as error:
            where = self.engine.url.render_as_string(hide_password=True)
            reason = str(error.orig if isinstance(error, DBAPIError) else error).strip()
            raise StartError(f"the database {where} cannot be used ({reason})") from error

    async def close(self) -> None:
        """Waits for transactions that were begun and closes all connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self.engine.dispose()

    def _transaction(self, work: Callable[[Session], T]) -> T:
        try:
            for attempt in _RETRYING.copy():
                with attempt, self._session() as session, session.begin():
                    return work(session)
        except DBAPIError as error:
            raise _cause(error) or error from error
        raise AssertionError("the last attempt raises")

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


# PostgreSQL, appendix A: serialization_failure and deadlock_detected.
_UNDONE_FOR_ANOTHER: Final = ("40001", "40P01")


def _is_undone_for_another(error: BaseException) -> bool:
    return (
        isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in _UNDONE_FOR_ANOTHER
    )


# Jitter keeps the two that met from meeting again.
_RETRYING: Final = Retrying(
    retry=retry_if_exception(_is_undone_for_another),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(multiplier=0.01, max=0.5),
    reraise=True,
)


def _cause(error: DBAPIError) -> MazemeshError | None:
    """What is wrong with the database itself; None when it is the statement."""
    reason = str(error.orig).strip()
    if _is_undone_for_another(error):
        return Unavailable(f"other transactions were in the way ({reason}); try again")
    if isinstance(error.orig, sqlite3.Error):
        code = error.orig.sqlite_errorcode & 0xFF  # what is above says more of it
        full, away = code == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_BUSY
    else:
        # PostgreSQL, appendix A: no code without a server, class 08 connection, 57P shutdown.
        state = getattr(error.orig, "sqlstate", None)
        full = state == "53100"
        unreached = state is None and isinstance(error, OperationalError)
        away = unreached or (state or "").startswith(("08", "57P")) or error.connection_invalidated
    if full:
        return ResourceExhausted(
            f"the database cannot be written ({reason}); make room for it", retry_after=5.0
        )
    return Unavailable(f"the database cannot be used now ({reason})") if away else None


def _parse(url: str) -> URL:
    wanted = "use sqlite:///path/to/file or postgresql://user:password@host/name"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StartError(f"database_url is not a URL; {wanted}", exit_code=2) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return parsed.set(drivername="sqlite")
    if kind in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StartError(f"database_url has the unknown kind {kind!r}; {wanted}", exit_code=2)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    return create_engine(url, pool_size=_POSTGRESQL_CONNECTIONS, max_overflow=0, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver's own idea of when to begin a transaction leaves reads and table changes outside of
    # one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    _use_wal(cursor)
    # With WAL, NORMAL would fsync at checkpoints only: a power cut could take back what was
    # acknowledged.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    """Switches the file to a write-ahead log, where it is not yet.

    SQLite answers "database is locked" at once, whatever the busy timeout, when two processes do
    this together, so they queue for a lock on the folder.
    """
    (_, _, file), *_ = cursor.execute("PRAGMA database_list").fetchall()
    if not file:  # in memory
        return
    folder = os.open(Path(file).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            cursor.execute("PRAGMA journal_mode = WAL")
    finally:
        os.close(folder)


def _begin_sqlite(connection: Any) -> None:
    # Taking the write lock at once waits for others; upgrading a read lock later could only fail.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
