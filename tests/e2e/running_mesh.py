"""`mazemesh up` as a user starts it: real processes, real ports, one data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.process.parent import PARENT_VARIABLE

MAZEMESH = Path(sys.executable).with_name("mazemesh")
STOP_SECONDS = 30


class Up:
    """A running `mazemesh up`, watched by clients and by its output."""

    def __init__(self, process: subprocess.Popen[str], mesh: Mesh, summary: Path) -> None:
        self.process = process
        self.mesh = mesh
        self.lines: list[str] = []
        self._summary = summary
        self._told = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        """Waits for a condition, looking again at each line that the mesh writes."""
        with self._told:
            assert self._told.wait_for(lambda: holds(condition), seconds), self.lines[-20:]

    def stop(self) -> dict[str, Any]:
        """Ctrl-C; the summary."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP_SECONDS) == 0, self.lines[-20:]
        summary: dict[str, Any] = json.loads(self._summary.read_text())
        return summary

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._told:
                self.lines.append(line.rstrip())
                self._told.notify_all()


def holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except MazemeshError:
        return False


@contextmanager
def up(
    data_dir: Path, port_base: int, *flags: str, told: Mapping[str, str] | None = None
) -> Iterator[Up]:
    """`mazemesh up` on a folder; `told` goes into its environment."""
    summary = data_dir.with_suffix(".json")
    command = [str(MAZEMESH), "up", "--game", "race", "--summary", str(summary), "--games", "64"]
    command += ["--data-dir", str(data_dir), "--port-base", str(port_base), *flags]
    # It ends with a killed test.
    environment = {**os.environ, **(told or {}), PARENT_VARIABLE: str(os.getpid())}
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process,
        Mesh(Addresses.local(port_base=port_base)) as mesh,
    ):
        try:
            yield Up(process, mesh, summary)
        finally:
            process.kill()


def told(data_dir: Path, base: int, *command: str) -> Any:
    """What a command prints as JSON."""
    done = subprocess.run(
        [str(MAZEMESH), *command, "--json", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "MAZEMESH_PORT_BASE": str(base)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def versions(up: Up, policy: str = "race") -> int:
    return up.mesh.model.describe(policy).version
