"""A Redis server of the tests' own, on a free port."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.ports import free_port

_START_SECONDS = 20.0


class RedisProcess:
    """A server that can be killed and started again, on the same port and without its content.

    Attributes:
        url: For `RedisServer`.
    """

    def __init__(self, folder: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server not found: these tests need it; scripts/test installs it")
        self._program = program
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [self._program, *options, "--appendonly", "no", "--dir", self._folder],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + _START_SECONDS
        with Redis(port=self._port) as client:
            while time.monotonic() < until:
                with suppress(RedisError):
                    client.ping()
                    return
                time.sleep(0.02)
        pytest.fail("redis-server does not answer")

    def kill(self) -> None:
        """Ends it at once; nothing of it stays."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def flush(self) -> None:
        """Deletes everything."""
        with Redis(port=self._port) as client:
            client.flushall()

    def keys_without_end(self) -> list[bytes]:
        """Keys that would stay for ever."""
        with Redis(port=self._port) as client:
            return [key for key in client.scan_iter() if client.ttl(key) == -1]


@contextmanager
def redis_process() -> Iterator[RedisProcess]:
    """A server that runs inside the block."""
    with tempfile.TemporaryDirectory(prefix="mazemesh-redis-") as folder:
        server = RedisProcess(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()
