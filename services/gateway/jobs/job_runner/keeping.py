"""The life of a job's processes: start, watch, account, end in order."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from services.gateway.jobs.attempts.journal import progress_of
from services.gateway.jobs.attempts.logs import merged
from services.gateway.jobs.attempts.plan import INTERRUPTED, Plan, Process
from services.gateway.jobs.attempts.report import Report
from services.gateway.jobs.job_runner.accounting import Account
from services.gateway.jobs.job_runner.child import Child, Outcome, last_lines
from services.gateway.jobs.job_runner.mesh_watch import MeshWatch
from services.gateway.jobs.job_runner.reading import Echo, Episodes, Journal
from services.gateway.jobs.job_runner.reports import Reports
from services.gateway.jobs.launcher import End
from services.gateway.jobs.nouns.job import KEPT_LINES, Progress, State

LOOK_SECONDS: Final = 0.5
STOP_SECONDS: Final = 45.0
"""For processes to write what is to be kept."""

LOG_LINES: Final = 200
"""Of the logs, told with a report where nobody can read them later."""

TOLD_SECONDS: Final = 5.0
"""Between two reports while nothing changes but what the job takes."""

_END_TRIES: Final = 20


class Keeping:
    """Keeps the processes of one plan.

    Args:
        plan: What is to be done.
        data_dir: Folder of what the mesh remembers, where journals are.
        folder: Of the job, for logs.
        reports: Where is told how it goes.
        watch: The mesh that it ends with; None: none.
        replaced: Whether it is started elsewhere when it is told to stop.
        echo: Where the processes' logs are written, too; None: nowhere.
    """

    def __init__(
        self,
        plan: Plan,
        data_dir: Path,
        folder: Path,
        reports: Reports,
        watch: MeshWatch | None = None,
        *,
        replaced: bool = False,
        echo: TextIO | None = None,
    ) -> None:
        self._plan, self._data_dir, self._reports = plan, data_dir, reports
        self._watch, self._replaced, self._folder = watch, replaced, folder
        self._told_to_stop = asyncio.Event()
        self._journal = Journal(data_dir / plan.journal)
        before = reports.last()
        # What was told last is lost with a pod or a disk; what the gateway heard of it is not.
        known = plan.used
        self._usage = before.usage if before and before.usage.seconds >= known.seconds else known
        self._steps_before = before.steps_before if before else max(0, self._steps() - known.steps)
        self._account = Account(self._usage, plan.dollars_an_hour, time.monotonic())
        self._progress: Progress | None = before.progress if before else None
        self._children = self._made(folder)
        self._episodes = Episodes(one.metrics_port for one in self._children if one.metrics_port)
        self._echo = Echo(one.log for one in self._children) if echo else None
        self._out = echo
        self._told: Report | None = None
        self._told_at = 0.0

    def stop(self) -> None:
        """Has it end in order; again it does nothing."""
        self._told_to_stop.set()

    async def run(self) -> int:
        """Returns when all processes have ended: the exit status."""
        self._put(Report(self._plan.attempt, self._usage, self._steps_before, self._progress))
        keeping = {asyncio.create_task(one.keep()): one for one in self._children}
        end: End | None = None
        try:
            while end is None:
                done, _ = await asyncio.wait(
                    keeping, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                await self._look()
                end = self._over({keeping[task]: task.result() for task in done})
                if end is None:
                    self._tell()
        finally:
            await asyncio.gather(*(one.stop(STOP_SECONDS) for one in self._children))
            await asyncio.gather(*keeping)
        await self._look()
        self._mirror()
        if end.state is State.QUEUED and self._watch is None:
            self._put(self._report())  # no end: the same attempt goes on elsewhere
            return INTERRUPTED
        self._put(self._report(end))
        return 0

    def _over(self, ended: dict[Child, Outcome]) -> End | None:
        """Why it is over; None while it is not."""
        for child, outcome in ended.items():
            if outcome in (Outcome.REFUSED, Outcome.GIVEN_UP):
                lines = last_lines(child.log, KEPT_LINES)
                return End(State.FAILED, f"{child.said}: {complaint(lines)}", tuple(lines))
            if outcome is Outcome.FINISHED and child.process.leads:
                return End(State.FINISHED, self._done())
        if said := self._plan.target.reached(self._usage):
            return End(State.FINISHED, said)
        if said := self._plan.budget.used_up(self._usage):
            return End(State.BUDGET, said)
        if self._told_to_stop.is_set():
            if self._replaced:
                return End(State.QUEUED, "it was told to stop, and goes on elsewhere")
            return End(State.CANCELLED, "its processes were told to stop")
        if not self._folder.exists():
            return End(State.CANCELLED, "its folder was deleted, so nobody looks after it any more")
        if self._watch is not None and self._watch.gone:
            return End(State.QUEUED, "its mesh was stopped; it goes on with the next start")
        return None

    def _done(self) -> str:
        if steps := self._plan.target.steps:
            return f"it has done its {steps:,} steps"
        return "it has done all its work"

    async def _look(self) -> None:
        await self._episodes.look()
        restarts = sum(one.restarts for one in self._children)
        told = self._steps() - self._steps_before, self._episodes.count, restarts
        self._usage = self._account.usage(time.monotonic(), *told)
        line, episodes = self._journal.newest(), self._usage.episodes
        if line is None:
            # Before the learner has told anything, actors may have played.
            if not episodes or (self._progress and self._progress.episode == episodes):
                return
            line = {"time": time.time()}
        try:
            self._progress = progress_of(line, episodes, self._journal.run_id)
        except (ValueError, TypeError):
            return

    def _steps(self) -> int:
        """Agent steps of the run as a whole, by the journal."""
        line = self._journal.newest() or {}
        steps = line.get("agent_steps", 0)
        return int(steps) if isinstance(steps, int | float) else 0

    def _tell(self) -> None:
        """Tells what is new: progress at once, mere time now and then."""
        self._mirror()
        report, before = self._report(), self._told
        new = before is None or before.progress != report.progress
        seconds = self._reports.seconds
        if time.monotonic() - self._told_at >= (seconds if new else max(seconds, TOLD_SECONDS)):
            self._put(report)

    def _report(self, end: End | None = None) -> Report:
        return Report(self._plan.attempt, self._usage, self._steps_before, self._progress, end)

    def _put(self, report: Report) -> None:
        tries = _END_TRIES if report.end else 1
        for left in reversed(range(tries)):
            try:
                self._reports.put(report, self._last_lines)
                break
            except OSError as error:  # a full disk, a store that is away: the job goes on
                sys.stderr.write(f"job: a report cannot be written: {error}\n")
                if left:
                    time.sleep(LOOK_SECONDS)  # nothing else is left to be done
        self._told, self._told_at = report, time.monotonic()

    def _last_lines(self) -> list[str]:
        return merged([last_lines(one.log, LOG_LINES) for one in self._children])[-LOG_LINES:]

    def _mirror(self) -> None:
        if self._echo is not None and self._out is not None:
            self._out.writelines(f"{line}\n" for line in self._echo.new())
            self._out.flush()

    def _made(self, folder: Path) -> list[Child]:
        paged = [one for one in self._plan.processes if one.metrics]
        ports = iter(free_block(len(paged)) if paged else ())
        return [
            Child(
                one,
                self._arguments(one),
                folder,
                _environment(one),
                partial(self._finished, one),
                next(ports) if one.metrics else 0,
            )
            for one in self._plan.processes
        ]

    def _arguments(self, one: Process) -> tuple[str, ...]:
        """A target of steps is added to those that the run had before the job began."""
        steps = self._plan.target.steps
        if not (one.leads and one.finished and steps):
            return one.arguments
        return (*one.arguments, f"--steps={self._steps_before + steps}")

    def _finished(self, one: Process) -> bool:
        if not one.leads:
            return False  # it plays for as long as there is a learner
        return not one.finished or (self._data_dir / one.finished).exists()


def _environment(one: Process) -> dict[str, str]:
    """Of a process: the key of its role alone."""
    found = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
    for role in ("trainer", "worker"):
        for kind in ("KEY", "KEY_FILE"):
            value = found.pop(f"MAZEMESH_JOB_{role.upper()}_{kind}", "")
            if value and role == one.role:
                found[f"MAZEMESH_{kind}"] = value
    if not one.role:  # meshes of its own make their keys by themselves
        for name in ("KEYS", "KEY", "KEY_FILE", "TLS_CERT", "TLS_KEY", "TLS_CA"):
            found.pop(f"MAZEMESH_{name}", None)
    return found


def complaint(lines: Sequence[str]) -> str:
    """The last line of a log that says what was wrong, in words."""
    for line in reversed(lines):
        said = _said(line)
        if said:
            return said
    return lines[-1][:400] if lines else "its log is empty"


def _said(line: str) -> str:
    if not line.startswith("{"):
        return ""
    try:
        fields: dict[str, Any] = json.loads(line)
    except ValueError:
        return ""
    if fields.get("level") not in ("error", "critical"):
        return ""
    parts = [str(fields.get(name, "")) for name in ("event", "reason")]
    return ": ".join(filter(None, parts))[:400]
