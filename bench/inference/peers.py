"""Other inference servers, each installed from the package index into an environment of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.inference.workload import Workload

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Peer:
    """What to install, and the script of `bench/peers` that serves the policy by KServe v2."""

    requirements: tuple[str, ...]
    script: str


PEERS = {"mlserver": Peer(("mlserver", "onnxruntime"), "mlserver_policy.py")}


@dataclass(frozen=True)
class Running:
    """A peer that serves, or why it does not."""

    address: str = ""
    error: str = ""


def served(stack: ExitStack, name: str, workload: Workload) -> Running:
    """The peer, until the stack is closed."""
    try:
        return Running(stack.enter_context(_served(name, workload)))
    except (RuntimeError, OSError) as error:
        return Running(error=str(error))


@contextmanager
def _served(name: str, workload: Workload) -> Iterator[str]:
    python = environment(name)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path, log = workload.save(Path(folder)), Path(folder, "log")
        script = ROOT / "bench" / "peers" / PEERS[name].script
        with log.open("w") as out:
            process = subprocess.Popen(
                [str(python), str(script), str(path), str(port)],
                stdout=out,
                stderr=out,
                start_new_session=True,
                cwd=folder,
            )
        try:
            _wait(process, port, log)
            yield f"127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)  # a foreign server tells nobody when it listens
        else:
            return
    raise RuntimeError(f"does not serve: {log.read_text()[-1000:]}")


def environment(name: str) -> Path:
    """The peer's Python; installs it under the user's cache at its first use.

    Raises:
        RuntimeError: it does not install; with what pip said.
    """
    if name not in PEERS:
        raise RuntimeError(f"unknown; there are {', '.join(PEERS)}")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "mazemesh-bench" / f"inference-{name}"
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        commands = (
            [sys.executable, "-P", "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", *PEERS[name].requirements],
        )
        for command in commands:
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise RuntimeError(f"does not install: {ended.stderr[-1000:]}")
        done.touch()
    return python
