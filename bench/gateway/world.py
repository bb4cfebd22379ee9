"""Services as processes, and a gateway that can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.children import ending_with_us
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.process.ports import free_block

_START_SECONDS = 120.0
_SERVICES = ("game", "matchmaker", "model", "elo", "replay")


@dataclass
class World:
    """What is measured."""

    folder: Path
    base: int
    mesh: Mesh
    gateway: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.base + 9}"

    @property
    def cpu_seconds(self) -> float:
        """Of the gateway's process so far."""
        times = psutil.Process(self.gateway.pid).cpu_times()
        return times.user + times.system

    def start_gateway(self) -> None:
        flags = ["--port", str(self.base + 9), "--data-dir", str(self.folder)]
        flags += ["--requests-per-second-address", "100000", "--max-sockets-per-key", "2000"]
        at = self.mesh.addresses
        for name in _SERVICES:
            flags += [f"--{name}-address", getattr(at, name)]
        self.gateway = process("services.gateway", flags, self.folder)

    def ready(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise RuntimeError("the gateway does not come up")


def process(module: str, flags: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *flags],
            stdout=log,
            stderr=log,
            env=ending_with_us(),
        )


@contextmanager
def world(folder: Path) -> Iterator[World]:
    base = free_block(10)[0]
    at = Addresses.local(port_base=base)
    with ExitStack() as life:
        for name in _SERVICES:
            flags = ["--port", getattr(at, name).rpartition(":")[2], "--data-dir", str(folder)]
            for other in _SERVICES if name in ("matchmaker", "model", "game") else ():
                if (name, other) in _CALLS:
                    flags += [f"--{other}-address", getattr(at, other)]
            life.callback(_end, process(f"services.{name}", flags, folder))
        mesh = life.enter_context(Mesh(at))
        made = World(folder, base, mesh, None)  # type: ignore[arg-type]
        made.start_gateway()
        life.callback(lambda: _end(made.gateway))
        made.ready()
        yield made


_CALLS = {
    ("game", "elo"),
    ("matchmaker", "game"),
    ("matchmaker", "model"),
    ("matchmaker", "elo"),
    ("model", "game"),
}


def _end(one: subprocess.Popen[bytes]) -> None:
    one.terminate()
    try:
        one.wait(20)
    except subprocess.TimeoutExpired:
        one.kill()
        one.wait()
