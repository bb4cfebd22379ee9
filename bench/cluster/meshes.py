"""A mesh of several instances that a measurement starts, watches and stops."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from bench.children import ending_with_us
from mazemesh.process.ports import free_block

_SERVICES = 5
_LOOK_SECONDS = 0.1
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


@dataclass
class RunningMesh:
    """A started `mazemesh up`.

    Attributes:
        data_dir: Of the mesh.
        log: What it wrote.
        port_base: Port of the first Game.
        secure: Whether it is reached by TLS and with keys.
    """

    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path
    port_base: int
    secure: bool = False
    _pages: dict[str, int] = field(default_factory=dict)

    @property
    def note(self) -> dict[str, Any]:
        """What the mesh told other commands: addresses, metrics ports."""
        note: dict[str, Any] = json.loads((self.data_dir / "mesh.json").read_text())
        return note

    def total(self, counter: str, kind: str) -> float:
        """Sum of a counter over the processes named `kind` or `kind-N`; those that answer."""
        ports = self._pages or self.note["metrics_ports"]
        self._pages = ports
        pages = [port for name, port in ports.items() if name.split("-")[0] == kind]
        return sum(_value(port, counter) for port in pages)

    def wait(self, condition: Callable[[], bool], seconds: float = _START_SECONDS) -> None:
        """Looks until a condition holds.

        Raises:
            RuntimeError: it does not within `seconds`, or the mesh ended.
        """
        until = time.monotonic() + seconds
        while not _holds(condition):
            if time.monotonic() > until:
                raise RuntimeError(f"it took longer than {seconds} s: {self._tail()}")
            try:
                status = self.process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"mazemesh up ended with {status}: {self._tail()}")

    def rate(self, counter: str, kind: str, seconds: float) -> float:
        """Of a counter, a second, over `seconds`."""
        began, before = time.monotonic(), self.total(counter, kind)
        time.sleep(seconds)
        return (self.total(counter, kind) - before) / (time.monotonic() - began)

    def _tail(self) -> str:
        return self.log.read_text()[-2000:]


@contextmanager
def mesh(
    folder: Path, *flags: str, environment: Mapping[str, str], secure: bool = False
) -> Iterator[RunningMesh]:
    """Runs `mazemesh up` with the flags on a folder, which it makes."""
    instances = int(flags[flags.index("--instances") + 1]) if "--instances" in flags else 1
    base = free_block(_SERVICES * instances)[0]
    log = folder.with_suffix(".log")
    command = [str(Path(sys.executable).with_name("mazemesh")), "up", "--plain", "--no-console"]
    command += ["--data-dir", str(folder), "--port-base", str(base), *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command + (["--secure"] if secure else []),
            stdout=output,
            stderr=output,
            env={**ending_with_us(), **environment},
        )
        try:
            yield RunningMesh(process, folder, log, base, secure)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except (OSError, HTTPException, KeyError):  # not up yet
        return False


def _value(port: int, counter: str) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    except (OSError, HTTPException):
        return 0.0
    finally:
        connection.close()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith((counter + "{", counter + " "))
    )
