"""Databases for the contract suites: a SQLite file, and a PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'contract.sqlite'}"
    server: str = request.getfixturevalue("postgresql_server")
    # A schema for each test: a database is three hundred files.
    schema = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    return f"{server}&options=-csearch_path%3D{schema}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server behind a Unix socket; it ends with the session."""
    with tempfile.TemporaryDirectory(prefix="mazemesh-pg-") as folder:
        data = Path(folder) / "data"
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.getuid() == 0 else None
        if user is not None:
            shutil.chown(folder, user)
        run(user, "initdb", "-D", str(data), "-U", "mazemesh", "--auth=trust", "--no-sync")
        with started(user, data, folder):
            yield f"postgresql://mazemesh@/postgres?host={folder}"


@contextmanager
def started(user: str | None, data: Path, socket_folder: str) -> Iterator[None]:
    # No TCP port, so that nothing else can be in the way; no fsync, as nothing is kept.
    options = f"-c listen_addresses='' -k {socket_folder} -c fsync=off"
    log = str(data / "server.log")
    run(user, "pg_ctl", "start", "-w", "-D", str(data), "-l", log, "-o", options)
    try:
        yield
    finally:
        run(user, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))


def run(user: str | None, program: str, *arguments: str) -> None:
    as_user: Sequence[str] = ("runuser", "-u", user, "--") if user else ()
    command = [*as_user, str(binary(program)), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)


def binary(program: str) -> Path:
    """Where a program of PostgreSQL is; Debian keeps them off the PATH."""
    found = shutil.which(program)
    places = (
        [Path(found)] if found else sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    )
    if not places:
        pytest.fail(f"{program} not found: these tests need PostgreSQL; scripts/test installs it")
    return places[-1].resolve()
