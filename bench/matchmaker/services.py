"""The services that players need, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil

from bench.children import ending_with_us
from bench.elo.workload import Workload

_START_SECONDS = 120.0
RESULTS_IN_A_CALL = 1000


class Service:
    """A process that serves."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process = psutil.Process(process.pid)
        self.address = address

    def cpu(self) -> float:
        """Seconds of processor time until now."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def memory_mb(self) -> float:
        """Its resident memory."""
        return float(self._process.memory_info().rss) / 1e6

    def kill(self) -> None:
        """Ends it as a lost machine would."""
        self._process.kill()
        self._process.wait(_START_SECONDS)


@contextmanager
def service(name: str, folder: Path, arguments: Sequence[str] = ()) -> Iterator[Service]:
    """`python -m services.NAME` on a folder."""
    command = [sys.executable, "-P", "-m", f"services.{name}", "--port", "0", "--metrics-port", "0"]
    command += ["--log-format", "json", "--data-dir", str(folder), *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=ending_with_us())
    address: Future[str] = Future()
    threading.Thread(target=_read_log, args=(process, address), daemon=True).start()
    try:
        yield Service(process, address.result(_START_SECONDS))
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


@contextmanager
def echo() -> Iterator[Service]:
    """Bare gRPC."""
    command = [sys.executable, "-P", "-m", "bench.matchmaker.echo"]
    # Without the working directory on its path (-P) it finds `bench` by this one.
    env = {**ending_with_us(), "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env)
    assert process.stdout is not None
    try:
        yield Service(process, process.stdout.readline().decode().strip())
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def rate(address: str, players: int, matches: int) -> None:
    """Has Elo rate `run:1` to `run:PLAYERS`."""
    with grpc.insecure_channel(address) as channel:
        record = channel.unary_unary("/mazemesh.v1.EloService/RecordResults")
        for request in Workload(players, matches).requests(RESULTS_IN_A_CALL):
            record(request, timeout=_START_SECONDS)


def _read_log(process: subprocess.Popen[bytes], address: Future[str]) -> None:
    """Reads all that a service says; what matters is where it listens."""
    assert process.stderr is not None
    for line in process.stderr:
        said = json.loads(line) if line.startswith(b"{") else {}
        if said.get("event") == "listening" and not address.done():
            address.set_result(str(said["address"]))
    if not address.done():
        address.set_exception(RuntimeError(f"a service did not start: {process.args!r}"))
