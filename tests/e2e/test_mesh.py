"""The whole mesh as a user starts it: real processes, real ports, one data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mazemesh.cli.supervisor.layout import SERVICES
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.process.ports import free_block

MAZEMESH = Path(sys.executable).with_name("mazemesh")
STOP_SECONDS = 30

pytestmark = pytest.mark.timeout(300)


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
def up(data_dir: Path, port_base: int, *flags: str) -> Iterator[Up]:
    summary = data_dir.with_suffix(".json")
    command = [str(MAZEMESH), "up", "--game", "race", "--summary", str(summary), "--games", "64"]
    command += ["--data-dir", str(data_dir), "--port-base", str(port_base), *flags]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
        Mesh(Addresses.local(port_base=port_base)) as mesh,
    ):
        try:
            yield Up(process, mesh, summary)
        finally:
            process.kill()


def pids(up: Up) -> dict[str, int]:
    """Process ids of the mesh's children, by the module that they run."""
    table = subprocess.run(
        ["ps", "--ppid", str(up.process.pid), "-o", "pid=,args="],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    children = {}
    for line in table.splitlines():
        pid, *command = line.split()
        children[" ".join(command[command.index("-m") + 1 :][:2])] = int(pid)
    return children


def pid_of(up: Up, name: str) -> int:
    return next(pid for command, pid in pids(up).items() if command.startswith(name))


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


def versions(up: Up) -> int:
    return up.mesh.model.describe("race").version


def rows(up: Up) -> int:
    return sum(info.inserts for info in up.mesh.replay.list_tables())


def rated(up: Up) -> set[str]:
    return {row.player for row in up.mesh.elo.leaderboard("race").players if row.games}


def test_experience_versions_and_ratings_flow_survive_kills_and_go_on(tmp_path: Path) -> None:
    data_dir, base = tmp_path / "mesh", free_block(len(SERVICES)).start
    with up(data_dir, base) as mesh:
        mesh.until(lambda: rows(mesh) > 0 and versions(mesh) >= 3)
        mesh.until(lambda: {"race:1", "bot/random"} <= rated(mesh))
        for name in ("services.replay", "actor play", "services.game"):
            before = versions(mesh)
            os.kill(pid_of(mesh, name), signal.SIGKILL)
            mesh.until(lambda now=before: versions(mesh) >= now + 2)  # type: ignore[misc]
        first = mesh.stop()
    assert first["restarts"] == 3
    assert first["games_finished"] > 100
    assert first["agent_steps"] > 10_000
    assert first["experience_recorded"] > 100
    assert first["versions_published"] >= 9
    assert first["snapshots"] >= 1
    assert all(row["low"] <= row["rating"] <= row["high"] for row in first["leaderboard"])

    # Stopped, its folder still answers.
    evaluated = told(data_dir, base, "evaluate", "race:latest", "bot/random", "--games", "8")
    assert evaluated["a"].startswith("race:")
    assert evaluated["games"] == 8
    stored = {row["policy"] for row in told(data_dir, base, "leaderboard", "race")["players"]}
    assert {row["policy"] for row in first["leaderboard"]} <= stored
    (table,) = told(data_dir, base, "replay", "tables")
    assert table["table"] == "race"
    assert table["inserts"] > 100

    with up(data_dir, base) as mesh:
        newest = first["versions_published"]
        mesh.until(lambda: versions(mesh) >= newest + 2)
        mesh.until(lambda: {row["policy"] for row in first["leaderboard"]} <= rated(mesh))
        version = mesh.mesh.model.describe("race")
        assert version.training_step > first["training_step"] > 0
        games = {row["policy"]: row["games"] for row in first["leaderboard"]}
        now = {row.player: row.games for row in mesh.mesh.elo.leaderboard("race").players}
        assert all(now[player] >= count for player, count in games.items())
        second = mesh.stop()
    assert second["restarts"] == 0


def test_a_second_mesh_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    data_dir, base = tmp_path / "mesh", free_block(len(SERVICES)).start
    with up(data_dir, base, "--actors", "0", "--evaluators", "0") as mesh:
        mesh.until(lambda: any("mesh on" in line for line in mesh.lines))
        command = [str(MAZEMESH), "up", "--data-dir", str(data_dir), "--port-base", str(base)]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 1
        assert "is in use by a running mesh" in refused.stderr
        assert "Traceback" not in refused.stderr
        mesh.stop()
