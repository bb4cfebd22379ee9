"""Training jobs of a mesh with keys: its gateway is killed, it is stopped, and started again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.running_mesh import told, up
from tests.ports import free_ports

SECONDS = 180.0
PORTS = 10

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def job_now(folder: Path, base: int, job: str) -> dict[str, Any]:
    found: dict[str, Any] = told(folder, base, "jobs", "status", job)
    return found


def until(look: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(SECONDS)):
        try:
            if look():
                return
        except AssertionError:
            pass  # the gateway is not there (yet, or for a moment)
        pause.wait(1.0)
    raise AssertionError("it did not become true")


def processes_of(job: str) -> list[psutil.Process]:
    """Of a job: its keeper, and what that started."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if "job_runner" in line and job in line:
                found += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue  # it has ended meanwhile
    return found


def test_a_job_outlives_the_gateway_and_waits_for_the_next_mesh(tmp_path: Path) -> None:
    folder, base = tmp_path / "mesh", free_ports(PORTS)
    flags = ("--secure", "--console", "--actors", "0", "--evaluators", "0", "--plain")
    quiet = {"MAZEMESH_LEARNER_TRACKING": "none"}
    with up(folder, base, *flags, told=quiet) as mesh:
        until(lambda: told(folder, base, "jobs", "list") == [])
        job = told(
            *(folder, base, "jobs", "start", "--maze-size", "4", "--policy", "held"),
            *("--title", "outlives"),
        )["experiment_id"]
        until(lambda: job_now(folder, base, job)["progress"] is not None)
        before = job_now(folder, base, job)
        assert before["status"] == "running"
        until(lambda: len(processes_of(job)) == 3)  # with a learner and an actor
        keepers = processes_of(job)
        note = json.loads((folder / "mesh.json").read_text())
        assert note["gateway"] == f"https://127.0.0.1:{base + 9}"
        gateway = next(
            child
            for child in psutil.Process(note["pid"]).children()
            if "services.gateway" in child.cmdline()
        )
        gateway.kill()
        until(lambda: job_now(folder, base, job)["usage"]["steps"] > before["usage"]["steps"])
        after = job_now(folder, base, job)
        assert (after["status"], after["attempt"]) == ("running", 1)
        assert processes_of(job) == keepers
        mesh.stop()
    psutil.wait_procs(keepers, SECONDS)
    assert processes_of(job) == []
    with up(folder, base, *flags, told=quiet) as mesh:
        until(lambda: job_now(folder, base, job)["attempt"] == 2)
        until(lambda: job_now(folder, base, job)["usage"]["steps"] > after["usage"]["steps"])
        stopped = told(folder, base, "jobs", "stop", job)
        assert stopped["status"] in ("stopping", "cancelled")
        until(lambda: job_now(folder, base, job)["status"] == "cancelled")
        ended = job_now(folder, base, job)
        assert ended["reason"].startswith("stopped by key ")
        assert ended["usage"]["restarts"] == 0
        until(lambda: processes_of(job) == [])  # the end is told by a process that ends then
        lines = told(folder, base, "jobs", "logs", job)
        assert lines
        mesh.stop()
