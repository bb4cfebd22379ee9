"""PostgreSQL, Redis and an S3 stand-in on this machine, for measurements, the demo and the tests.

Each is a context manager that starts a real server in a temporary folder on a free port of
127.0.0.1 and stops it by its own process id. They can also be hurt: stopped, started again,
flushed, and made to answer 503.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mazemesh.errors import Unavailable
from mazemesh.process.ports import free_block

LOOPBACK: Final = "127.0.0.1"
_SECONDS: Final = 60.0


def program(name: str, package: str, *folders: str) -> Path:
    """Where a server's program is.

    Raises:
        Unavailable: it is not installed; names the Debian package.
    """
    found = shutil.which(name)
    places = [Path(found)] if found else []
    for folder in folders:
        places += sorted(Path("/").glob(f"{folder.lstrip('/')}/{name}"))
    if not places:
        raise Unavailable(f"{name} is not installed (Debian: apt-get install {package})")
    return places[-1]  # not resolved: one file has several names, and acts by them


class Postgres:
    """A PostgreSQL server; `url` names its database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        self._port = free_block(1).start
        self.url = f"postgresql://mazemesh@{LOOPBACK}:{self._port}/postgres"

    def make(self) -> None:
        """Lays down the files of an empty database."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "mazemesh", "--auth=trust", "--no-sync")

    def start(self) -> None:
        """Starts it, and returns when it takes connections."""
        options = f"-c listen_addresses={LOOPBACK} -p {self._port} -k {self._folder}"
        options += " -c max_connections=300"
        log = str(self._folder / "server.log")
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stops it; "immediate" is as a power cut."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self._data))

    def _run(self, name: str, *arguments: str) -> None:
        where = program(name, "postgresql", "/usr/lib/postgresql/*/bin")
        as_user: Sequence[str] = ("runuser", "-u", self._user, "--") if self._user else ()
        subprocess.run(
            [*as_user, str(where), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            timeout=_SECONDS,
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL with an empty database."""
    with tempfile.TemporaryDirectory(prefix="mazemesh-pg-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Redis:
    """A Redis server without files: what it holds ends with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_block(1).start
        self._process: subprocess.Popen[str] | None = None
        self.url = f"redis://{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Starts it, and returns when it takes connections."""
        command = [str(program("redis-server", "redis-server")), "--bind", LOOPBACK]
        command += ["--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the mesh, which still needs it while it stops
        )
        _await_line(self._process.stdout, "Ready to accept connections")

    def flush(self) -> None:
        """FLUSHALL: everything that it holds is gone."""
        import redis

        with redis.Redis(host=LOOPBACK, port=self._port, socket_timeout=5.0) as client:
            client.flushall()

    def stop(self) -> None:
        """Kills it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_SECONDS)
            self._process = None


@contextmanager
def redis_server() -> Iterator[Redis]:
    """A running, empty Redis."""
    with tempfile.TemporaryDirectory(prefix="mazemesh-redis-") as folder:
        server = Redis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


class S3:
    """A process that answers as S3 does (moto), with one bucket.

    Attributes:
        endpoint: Its URL.
        url: Of the bucket, `s3://mazemesh`.
    """

    url = "s3://mazemesh"

    def __init__(self) -> None:
        self._port = free_block(1).start
        self._process: subprocess.Popen[str] | None = None
        self.endpoint = f"http://{LOOPBACK}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "mazemesh",
            "AWS_SECRET_ACCESS_KEY": "mazemesh",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Starts it and makes the bucket."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bench.cluster.s3", str(self._port)],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **self.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        _await_line(self._process.stdout, "serving")

    def answer_503(self, seconds: float) -> None:
        """Has it answer "503 Slow Down" to everything for so long."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(_SECONDS)
            self._process = None


@contextmanager
def s3() -> Iterator[S3]:
    """A running S3 stand-in."""
    server = S3()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class StandIns:
    """All three."""

    postgres: Postgres
    redis: Redis
    s3: S3

    @property
    def environment(self) -> dict[str, str]:
        """What tells a mesh to use them."""
        return {
            **self.s3.environment,
            "MAZEMESH_DATABASE_URL": self.postgres.url,
            "MAZEMESH_REDIS_URL": self.redis.url,
            "MAZEMESH_BLOBS_URL": self.s3.url,
        }


@contextmanager
def stand_ins() -> Iterator[StandIns]:
    """All three, running and empty."""
    with postgres() as database, redis_server() as cache, s3() as blobs:
        yield StandIns(database, cache, blobs)


def _await_line(stream: IO[str] | None, wanted: str) -> None:
    """Reads up to a line; what comes later is read and thrown away, so that nobody blocks."""
    assert stream is not None
    if not any(wanted in line for line in stream):
        raise Unavailable(f"a server ended before it said {wanted!r}")
    threading.Thread(target=lambda: [None for _ in stream], daemon=True).start()
