"""Plans of practice processes, and who runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.process.interpreter import run_module
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts.plan import Plan, Process
from services.gateway.jobs.attempts.report import Report
from services.gateway.jobs.job_runner.reports import FILE, read_report
from tests.servers.running import eventually

PRACTICE = "tests.servers.gateway.jobs.practice"
SECONDS = 60.0


def practice_plan(*flags: str, actors: int = 0, **values: Any) -> Plan:
    """A learner that is given `flags`, and actors."""
    learner = Process(
        *("learner", PRACTICE, ("learner", *flags), "trainer"),
        leads=True,
        finished="learner/practice/finished",
    )
    players = tuple(
        Process(f"actor-{number}", PRACTICE, ("actor",), "worker", metrics=True)
        for number in range(actors)
    )
    journal = "learner/practice/metrics.jsonl"
    return Plan("job", values.pop("attempt", 1), (learner, *players), journal, **values)


class Runner:
    """A runner's process, and what it has told."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, data_dir: Path) -> None:
        self.process, self.folder, self.data_dir = process, folder, data_dir

    @property
    def report(self) -> Report:
        found = read_report(self.folder / FILE)
        assert found is not None
        return found

    def until(self, true: Callable[[Report], object]) -> Report:
        """Waits for what it tells."""
        eventually(
            lambda: (told := read_report(self.folder / FILE)) is not None and bool(true(told)),
            SECONDS,
        )
        return self.report

    def ended(self) -> Report:
        """Waits for its end in order."""
        assert self.process.wait(SECONDS) == 0
        assert self.report.end is not None
        return self.report

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def running(folder: Path, plan: Plan, *flags: str, **environment: str) -> Iterator[Runner]:
    """`python -m services.gateway.jobs.job_runner` on a plan."""
    data_dir, jobs = folder / "mesh", folder / "job"
    jobs.mkdir(parents=True, exist_ok=True)
    (jobs / "plan.json").write_text(json.dumps(plans.to_json(plan)))
    command = run_module("services.gateway.jobs.job_runner", "--plan", str(jobs / "plan.json"))
    told = {**os.environ, "MAZEMESH_DATA_DIR": str(data_dir), **environment}
    with subprocess.Popen(
        [*command, "--folder", str(jobs), *flags],
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Runner(process, jobs, data_dir)
        finally:
            process.kill()
