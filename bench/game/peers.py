"""Peers of the games, each installed from the package index into an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_INSTALL_SECONDS = 900
_RUN_SECONDS = 300


@dataclass(frozen=True)
class Peer:
    """What to install, and the script of `bench/peers` that measures it."""

    requirements: tuple[str, ...]
    script: str


PEERS: dict[str, Peer] = {
    "envpool": Peer(("envpool", "numpy<2"), "envpool_frozen_lake.py"),
    "pufferlib": Peer(("pufferlib",), "pufferlib_maze.py"),
    "minigrid": Peer(("minigrid",), "minigrid_four_rooms.py"),
}


def measure_peer(name: str, seconds: float) -> dict[str, Any]:
    """One line about a peer: its rate, or why there is none."""
    if name not in PEERS:
        return {"name": name, "error": f"unknown; there are {', '.join(PEERS)}"}
    peer = PEERS[name]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        install = [str(python), "-m", "pip", "install", "--quiet", *peer.requirements]
        error = _run(install, _INSTALL_SECONDS)[1]
        if error:
            return {"name": name, "error": f"does not install: {error}"}
        script = Path(__file__).parents[1] / "peers" / peer.script
        output, error = _run([str(python), str(script), str(seconds)], _RUN_SECONDS)
        if error:
            return {"name": name, "error": f"does not run: {error}"}
        result: dict[str, Any] = json.loads(output.splitlines()[-1])
        return {"name": name, "python": sys.version.split()[0], **result}


def _run(command: list[str], timeout: float) -> tuple[str, str]:
    """Output of a command, and the last line of what went wrong, if anything did."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return "", f"no end after {timeout:g} s"
    if done.returncode == 0:
        return done.stdout, ""
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    errors = [
        line
        for line in lines
        if "error" in line.lower() and not line.strip().lower().startswith(("note:", "hint:"))
    ]
    return "", ((errors or lines or ["no output"])[-1]).strip()
