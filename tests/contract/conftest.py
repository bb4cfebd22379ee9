"""Databases for the contract suites: a SQLite file, and a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import PostgresqlServer, postgresql


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
