"""The relational store of a service: SQLite in a file by default, PostgreSQL at scale."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from mazemesh.process.errors import StartError
from services._harness.sql.database_usage import DatabaseUsage
from services._harness.sql.migrations import migrate

T = TypeVar("T")

_BUSY_MILLISECONDS: Final = 30_000


@dataclass(frozen=True, slots=True)
class PostgresqlLimits:
    """What a service takes of a PostgreSQL server, and how long it waits; times in seconds.

    Attributes:
        connections: Of the pool; as many transactions run at once.
        connect_seconds: For one try to connect.
        statement_seconds: For one statement, its waits for locks included.
        lock_seconds: For each lock that a statement waits for.
        idle_seconds: In which a transaction has to say its next word. A process that was stopped in
            the middle of one lets go of its locks after that time.
    """

    connections: int = 4
    connect_seconds: float = 5.0
    statement_seconds: float = 30.0
    lock_seconds: float = 10.0
    idle_seconds: float = 15.0


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


def insert_or(session: Session, table: Table) -> Any:
    """An INSERT of the session's database that knows `on_conflict_do_nothing` and `.._update`."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite_insert(table)
    return postgresql_insert(table)


class Database:
    """Runs transactions off the event loop, in one thread for SQLite and a few for PostgreSQL.

    Raises:
        StartError: the URL is neither `sqlite:` nor `postgresql:`.
    """

    def __init__(self, url: str, limits: PostgresqlLimits | None = None) -> None:
        parsed = _parse(url)
        self.shared = parsed.drivername != "sqlite"
        """Whether other instances may use it at the same time."""
        limits = limits or PostgresqlLimits()
        self.engine = _postgresql(parsed, limits) if self.shared else _sqlite(parsed)
        threads = limits.connections if self.shared else 1
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self.usage = DatabaseUsage(threads)
        """How busy its connections are."""

    async def run(self, work: Callable[[Session], T], *, idempotent: bool = False) -> T:
        """Runs `work(session)` in a transaction: committed when it returns, undone when it raises.

        Objects that it returns stay readable after the commit. Transactions of a SQLite database
        run one after the other in the order of the calls. A caller that is cancelled does not stop
        a transaction that has begun.

        `work` runs again from its beginning where the database surely undid it: for the sake of
        another transaction (serialization failure, deadlock), or because the connection was lost
        before the commit. So it must change nothing but the session. When the connection is lost in
        the middle of the commit nobody knows whether it is done: that is Unavailable, or, for work
        that is `idempotent` (done twice is as good as once, and its answer the same), another try.

        PostgreSQL runs it under READ COMMITTED: what it read may have changed by its next
        statement. A decision needs a lock, a condition in the statement that writes, or a unique
        key.

        Raises:
            ResourceExhausted: there is no room for what it writes.
            Unavailable: the database is locked for long, or its server away; or other transactions
                were in the way again and again.
        """
        return await self._in_thread(partial(self._transaction, work, idempotent))

    async def run_statements(self, work: Callable[[Connection], T]) -> T:
        """As `run`, for work that needs no objects, and so no session.

        Raises:
            As `run`.
        """
        return await self._in_thread(partial(self._transaction, work, False, self._statements))

    async def migrate(self, service_package: str) -> str:
        """Brings the tables of a service, e.g. `services.elo`, to the newest revision; returns it.

        Raises:
            StartError: the database is newer than this version of the service, or cannot be used.
        """
        try:
            return await self._in_thread(
                partial(_RETRYING.copy(), migrate, self.engine, service_package)
            )
        except (DBAPIError, sqlite3.Error) as error:
            where = self.engine.url.render_as_string(hide_password=True)
            reason = str(error.orig if isinstance(error, DBAPIError) else error).strip()
            raise StartError(f"the database {where} cannot be used ({reason})") from error

    async def close(self) -> None:
        """Waits for transactions that were begun and closes all connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self.engine.dispose()

    def _transaction(
        self,
        work: Callable[[Any], T],
        idempotent: bool,
        run: Callable[[Callable[[Any], T], bool], T] | None = None,
    ) -> T:
        try:
            for attempt in _RETRYING.copy():
                with attempt:
                    return (run or self._attempt)(work, idempotent)
        except DBAPIError as error:
            raise _cause(error) or error from error
        raise AssertionError("the last attempt raises")

    def _attempt(self, work: Callable[[Session], T], idempotent: bool) -> T:
        with self._session() as session:
            result = work(session)
            session.flush()
            _commit(session, idempotent=idempotent)
            return result

    def _statements(self, work: Callable[[Connection], T], idempotent: bool) -> T:
        with self.engine.connect() as connection:
            result = work(connection)
            _commit(connection, idempotent=idempotent)
            return result

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        begun = self._threads.submit(self.usage.counted(call))
        begun.add_done_callback(self.usage.ended)
        return await asyncio.wrap_future(begun)


def _commit(transaction: Session | Connection, *, idempotent: bool) -> None:
    try:
        transaction.commit()
    except DBAPIError as error:
        if _is_lost(error) and not idempotent:
            raise _InDoubt(
                "the database was lost in the middle of a commit, which may be done or not "
                f"({str(error.orig).strip()}); ask what became of it, or repeat the request"
            ) from error
        raise


class _InDoubt(Unavailable):
    """A commit that may be done; not to be tried again by itself."""


# PostgreSQL, appendix A: serialization_failure and deadlock_detected.
_UNDONE_FOR_ANOTHER: Final = ("40001", "40P01")

# query_canceled and lock_not_available: what took too long.
_TOO_LONG: Final = ("57014", "55P03")

# No code without a server; class 08 connection, 57P shutdown; too_many_connections;
# read_only_sql_transaction of a server that another has taken over from; the idle transaction.
_AWAY: Final = ("08", "57P", "53300", "25006", "25P03")


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _is_undone_for_another(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and _state(error) in _UNDONE_FOR_ANOTHER


def _is_lost(error: DBAPIError) -> bool:
    """Whether the connection to a PostgreSQL server was lost, or there is none."""
    if isinstance(error.orig, sqlite3.Error):
        return False
    unreached = not _state(error) and isinstance(error, OperationalError)
    return unreached or _state(error).startswith(_AWAY) or error.connection_invalidated


def _is_surely_undone(error: BaseException) -> bool:
    return _is_undone_for_another(error) or (isinstance(error, DBAPIError) and _is_lost(error))


# Jitter keeps the two that met from meeting again. About 3 s, in which a server restarts.
_RETRYING: Final = Retrying(
    retry=retry_if_exception(_is_surely_undone),
    stop=stop_after_attempt(10),
    wait=wait_random_exponential(multiplier=0.01, max=1.0),
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
        full, away = _state(error) == "53100", _is_lost(error) or _state(error) in _TOO_LONG
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


def _postgresql(url: URL, limits: PostgresqlLimits) -> Engine:
    engine = create_engine(
        url,
        pool_size=limits.connections,
        max_overflow=0,
        pool_pre_ping=True,
        # New connections find their way to a server that took over, or to new ones behind a name.
        pool_recycle=600,
        connect_args={
            "connect_timeout": max(2, round(limits.connect_seconds)),
            # TCP tells within half a minute that a server is gone without a word.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    event.listen(engine, "connect", partial(_prepare_postgresql, limits))
    return engine


def _prepare_postgresql(limits: PostgresqlLimits, connection: Any, _: ConnectionPoolEntry) -> None:
    seconds = {
        "statement_timeout": limits.statement_seconds,
        "lock_timeout": limits.lock_seconds,
        "idle_in_transaction_session_timeout": limits.idle_seconds,
    }
    for name, value in seconds.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, f"{round(value * 1000)}ms"))
    connection.commit()


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
    # What is written and deleted in between is never copied: 16 MiB of pages.
    cursor.execute("PRAGMA wal_autocheckpoint = 4096")
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
