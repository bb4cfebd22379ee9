"""The whole mesh as a user starts it: real processes, real ports, one data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import MAZEMESH, Up, told, up, versions

pytestmark = pytest.mark.timeout(300)


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
    (table,) = told(data_dir, base, "tables")
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


STARTER = f"""
import os, subprocess, sys
environment = dict(os.environ, {PARENT_VARIABLE}=str(os.getpid()))
subprocess.Popen(sys.argv[1:], env=environment)
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel feature is Linux's")
def test_a_mesh_stops_in_order_when_who_started_it_is_killed(tmp_path: Path) -> None:
    base = str(free_block(len(SERVICES)).start)
    command = [str(MAZEMESH), "up", "--plain", "--actors", "0", "--evaluators", "0"]
    command += ["--data-dir", str(tmp_path / "mesh"), "--port-base", base]
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, *command],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stderr is not None
        assert any("mesh on" in line for line in starter.stderr)
        starter.kill()
        # Everything that the mesh started holds the other end: the end of file is the end of all.
        assert "stopping" in starter.stderr.read()
