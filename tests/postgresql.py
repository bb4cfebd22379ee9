"""A PostgreSQL server of the tests' own, behind a Unix socket."""

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


class PostgresqlServer:
    """A server that can be stopped and started again.

    Attributes:
        url: Of its database, for `Database` and psycopg.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.url = f"postgresql://mazemesh@/postgres?host={folder}"
        self._folder = folder
        self._data = folder / "data"
        self._durable = durable
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(folder, self._user)
        folder.chmod(0o755)  # its socket is reached by other users than its own
        self._run(
            "initdb",
            "-D",
            str(self._data),
            "-U",
            "mazemesh",
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "-E",
            "UTF8",
        )

    def start(self) -> None:
        """Returns when it takes connections."""
        # No TCP port, so that nothing else can be in the way.
        options = f"-c listen_addresses='' -k {self._folder} -c max_connections=60"
        if not self._durable:
            options += " -c fsync=off"
        log = str(self._data / "server.log")
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Ends all connections; "immediate" is a crash, from which the start recovers."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self._data))

    def new_schema(self) -> str:
        """URL of an empty schema: an empty database for who uses it, which is 300 files less."""
        schema = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        return f"{self.url}&options=-csearch_path%3D{schema}"

    def _run(self, program: str, *arguments: str) -> None:
        as_user: Sequence[str] = ("runuser", "-u", self._user, "--") if self._user else ()
        command = [*as_user, str(_binary(program)), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A server that runs inside the block.

    Args:
        durable: Whether it waits for the disk; else a stop of the machine may lose anything, a stop
            of the server nothing.
    """
    with tempfile.TemporaryDirectory(prefix="mazemesh-pg-") as folder:
        server = PostgresqlServer(Path(folder), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _binary(program: str) -> Path:
    """Where a program of PostgreSQL is; Debian keeps them off the PATH."""
    found = shutil.which(program)
    places = (
        [Path(found)] if found else sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    )
    if not places:
        pytest.fail(f"{program} not found: these tests need PostgreSQL; scripts/test installs it")
    return places[-1].resolve()
