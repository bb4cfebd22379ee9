"""Jobs as processes of this machine, beside the mesh that they train on."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from mazemesh.process.disk import is_full
from mazemesh.process.interpreter import run_module
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts.logs import merged
from services.gateway.jobs.job_runner.child import last_lines
from services.gateway.jobs.job_runner.main import LOCK
from services.gateway.jobs.job_runner.mesh_watch import MeshWatch
from services.gateway.jobs.job_runner.reports import FILE, read_report
from services.gateway.jobs.launcher import Sighting
from services.gateway.jobs.nouns.job import Job

PLACE: Final = "place"
PLAN: Final = "plan.json"
RUNNER_LOG: Final = "runner.log"
_LOOK_SECONDS: Final = 0.5
_GOING_SECONDS: Final = 10.0


class ProcessLauncher:
    """A `Launcher` of runners, each in a session of its own, so that they outlive the gateway.

    A job's folder has its plan, its report, its logs, and the lock that tells whether it is kept.

    Args:
        folder: Of all jobs; a file of it says where that is.
        environment: Of their processes; keys as MAZEMESH_JOB_TRAINER_KEY_FILE and .._WORKER_...
        host: Name of this machine.
        dollars_an_hour: Price of an hour of one job.
        watch: The mesh that jobs end with, to go on with its next start; None: they go on alone.
        plan: Of a job's processes, and the price of an hour.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        host: str,
        dollars_an_hour: float = 0.0,
        watch: MeshWatch | None = None,
        plan: Callable[[Job, float], plans.Plan] = plans.plan_of,
    ) -> None:
        self._plan = plan
        self._folder, self._environment = folder, dict(environment)
        self._host, self._place = host, ""
        self._dollars, self._watch = dollars_an_hour, watch
        self._runners: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def place(self) -> str:
        """See `Launcher`: the machine and the folder, as they were called at the first job.

        A laptop has another name in another network, a container with each start; the folder's
        jobs are looked after all the same.

        Raises:
            Unavailable, ResourceExhausted: the folder cannot be written.
        """
        if not self._place:
            try:
                self._place = _kept(self._folder / PLACE, f"{self._host}:{self._folder}")
            except OSError as error:
                raise _refusal("jobs have no place", error) from error
        return self._place

    @property
    def look_seconds(self) -> float:
        """See `Launcher`."""
        return _LOOK_SECONDS

    @property
    def dollars_an_hour(self) -> float:
        """See `Launcher`."""
        return self._dollars

    async def start(self, job: Job) -> None:
        """See `Launcher.start`."""
        # In the event loop's own thread: it stays, and nothing here takes long.
        self._start(job)

    async def look(self, jobs: Sequence[Job]) -> Mapping[str, Sighting]:
        """See `Launcher.look`."""
        return await asyncio.to_thread(lambda: {job.job_id: self._look(job) for job in jobs})

    async def stop(self, job: Job) -> None:
        """See `Launcher.stop`."""
        pid = self._pid(job)
        if pid:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                return

    async def log(self, job: Job, lines: int) -> Sequence[str]:
        """See `Launcher.log`: of all its processes, in the order of their times."""
        return await asyncio.to_thread(self._log, job, lines)

    async def forget(self, job: Job) -> None:
        """See `Launcher.forget`: processes that have ended cost nothing."""
        runner = self._runners.pop(job.job_id, None)
        if runner is not None:
            await asyncio.to_thread(_reaped, runner)

    async def discard(self, job_ids: Collection[str]) -> None:
        """See `Launcher.discard`."""
        for job_id in job_ids:
            await asyncio.to_thread(shutil.rmtree, self._folder / job_id, ignore_errors=True)

    def _start(self, job: Job) -> None:
        folder = self._folder / job.job_id
        if _is_held(folder / LOCK):
            return
        plan = self._plan(job, self._dollars)
        flags = ["--plan", str(folder / PLAN), "--folder", str(folder)]
        if self._watch is not None:
            flags += ["--watch", str(self._watch)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / PLAN).write_text(json.dumps(plans.to_json(plan)))
            with (folder / RUNNER_LOG).open("ab") as log:
                self._runners[job.job_id] = subprocess.Popen(  # noqa: S603  # our own command
                    run_module("services.gateway.jobs.job_runner", *flags),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise _refusal("the job's processes cannot be started", error) from error

    def _look(self, job: Job) -> Sighting:
        folder = self._folder / job.job_id
        runner = self._runners.get(job.job_id)
        # The lock before the report: who lets go of it has told its end.
        there = _is_held(folder / LOCK) or (runner is not None and runner.poll() is None)
        report = read_report(folder / FILE)
        why = "" if there else " / ".join(last_lines(folder / RUNNER_LOG, 3))
        if report is None:
            return Sighting(there, begun=False, why=why)
        return report.seen(job.attempt, there=there, why=why)

    def _pid(self, job: Job) -> int:
        runner = self._runners.get(job.job_id)
        if runner is not None and runner.poll() is None:
            return runner.pid
        folder = self._folder / job.job_id
        if not _is_held(folder / LOCK):
            return 0
        text = (folder / LOCK).read_text()
        return int(text) if text.isdecimal() and _keeps(int(text), folder) else 0

    def _log(self, job: Job, lines: int) -> list[str]:
        logs = sorted((self._folder / job.job_id).glob("*.log"))
        return merged([last_lines(log, lines) for log in logs])[-lines:]


def _refusal(what: str, error: OSError) -> MazemeshError:
    kind = ResourceExhausted if is_full(error) else Unavailable
    return kind(f"{what}: {error}")


def _kept(file: Path, text: str) -> str:
    """What a file says, which is `text` where nobody has written it: all see the same."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.write_text(text)
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass  # another gateway was quicker
        finally:
            unfinished.unlink()
    return file.read_text()


def _reaped(runner: subprocess.Popen[bytes]) -> None:
    """Waits for a runner that has told its end, which goes at once."""
    try:
        runner.wait(_GOING_SECONDS)
    except subprocess.TimeoutExpired:
        runner.kill()  # what it kept has ended
        runner.wait()


def _keeps(pid: int, folder: Path) -> bool:
    """Whether a process is a folder's runner: a number may be that of the one before it."""
    try:
        return str(folder) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def _is_held(lock: Path) -> bool:
    """Whether a living process holds a lock; what a dead one held is free."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
