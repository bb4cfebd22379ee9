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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.inference.workload import Workload

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Peer:
    """What to install, and the script of `bench/peers` that serves the policy by KServe v2."""

    requirements: tuple[str, ...]
    script: str


PEERS = {"mlserver": Peer(("mlserver", "onnxruntime"), "mlserver_policy.py")}


def measured_peer(
    name: str, workload: Workload, counts: tuple[int, ...], batches: tuple[int, ...], seconds: float
) -> dict[str, Any]:
    """Its cells by the same callers as ours, or why there are none."""
    from bench.inference.command import load

    cells = []
    try:
        with _served(name, workload) as address:
            for rows in batches:
                for count in counts:
                    told = {
                        "address": address,
                        "batch": rows,
                        "size": workload.observation_size,
                        "num_actions": workload.num_actions,
                    }
                    found = load("kserve", told, count, seconds)
                    cells.append({"callers": count, "batch": rows, **found})
    except (RuntimeError, KeyError, OSError) as error:
        return {"name": name, "error": str(error)}
    return {"name": name, "cells": cells}


@contextmanager
def _served(name: str, workload: Workload) -> Iterator[str]:
    python = environment(name)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        path = workload.save(Path(folder))
        script = ROOT / "bench" / "peers" / PEERS[name].script
        with Path(folder, "log").open("w") as log:
            process = subprocess.Popen(
                [str(python), str(script), str(path), str(port)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=folder,
            )
        try:
            _wait(process, port, Path(folder, "log"))
            yield f"127.0.0.1:{port}"
        finally:
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
