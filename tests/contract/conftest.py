"""For the contract suites: a SQLite file, and servers of the tests' own, PostgreSQL and Redis."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services._harness.sql.database import Database
from services._harness.stores.redis_server import RedisServer
from tests.postgresql import PostgresqlServer, postgresql
from tests.redis_process import RedisProcess, redis_process


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'contract.sqlite'}"
    server: PostgresqlServer = request.getfixturevalue("postgresql_process")
    return server.new_schema()


@pytest.fixture(scope="session")
def postgresql_process() -> Iterator[PostgresqlServer]:
    """A server that ends with the session."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server(postgresql_process: PostgresqlServer) -> str:
    """URL of a server behind a Unix socket; it ends with the session."""
    return postgresql_process.url


@pytest.fixture
async def large_database(postgresql_process: PostgresqlServer) -> AsyncIterator[Database]:
    """A PostgreSQL database for rows by the million."""
    database = Database(postgresql_process.new_schema())
    yield database
    # Gigabytes, of which the server is to be free again.
    schema = await database.run(lambda session: session.scalar(text("SELECT current_schema")))
    await database.run(lambda session: session.execute(text(f"DROP SCHEMA {schema} CASCADE")))
    await database.close()


@pytest.fixture(scope="session")
def redis_shared() -> Iterator[RedisProcess]:
    """A Redis for tests that neither flush nor stop it; it ends with the session."""
    with redis_process() as server:
        yield server


@pytest.fixture
def redis_own() -> Iterator[RedisProcess]:
    """A Redis of the test's own."""
    with redis_process() as server:
        yield server


@pytest.fixture
async def redis_server(redis_shared: RedisProcess) -> AsyncIterator[RedisServer]:
    """Connections to a Redis, with a prefix of the test's own."""
    server = RedisServer(redis_shared.url, prefix=f"test-{uuid.uuid4().hex}")
    yield server
    await server.close()
