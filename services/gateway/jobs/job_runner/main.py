"""From flags to a kept job.

The plan comes from `--plan FILE`, or as JSON from MAZEMESH_JOB, as of a container or a machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final, TextIO

from mazemesh.process.errors import StartError
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.job_runner.keeping import Keeping
from services.gateway.jobs.job_runner.mesh_watch import MeshWatch
from services.gateway.jobs.job_runner.reports import (
    FolderReports,
    Reports,
    StdoutReports,
)

PLAN_VARIABLE: Final = "MAZEMESH_JOB"
LOCK: Final = "lock"
"""Held while a job of the folder is kept; it has the process id."""

KEPT_BY_ANOTHER: Final = 3
"""Status: the job's processes are there already."""

_LOCK_TRIES, _LOCK_PAUSE = 10, 0.05


def main() -> None:
    """Keeps a job until it has ended; does not return."""
    told = _arguments()
    folder: Path = told.folder.absolute()
    data_dir = Path(os.environ.get("MAZEMESH_DATA_DIR") or ".mazemesh").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as lock:
        if not _locked(lock):
            sys.exit(KEPT_BY_ANOTHER)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            sys.exit(asyncio.run(_keep(told, folder, data_dir)))
        except StartError as error:
            sys.stderr.write(f"job: {error}\n")
            sys.exit(error.exit_code)


def _locked(lock: TextIO) -> bool:
    """Whether the lock is ours now. Who looks whether it is held holds it, too, for a moment."""
    for left in reversed(range(_LOCK_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


def _plan(told: argparse.Namespace) -> plans.Plan:
    """From a file or a variable, there also as base64: units of systemd take no quotes."""
    text = told.plan.read_text() if told.plan else os.environ.pop(PLAN_VARIABLE, "")
    if not text:
        raise StartError(f"no plan: name it by --plan, or set {PLAN_VARIABLE}", exit_code=2)
    if not text.startswith("{"):
        text = base64.b64decode(text).decode()
    return plans.from_json(json.loads(text))


async def _keep(told: argparse.Namespace, folder: Path, data_dir: Path) -> int:
    plan = _plan(told)
    watch = MeshWatch.of(told.watch) if told.watch else None
    keeping = Keeping(
        plan,
        data_dir,
        folder,
        _reports(told, folder, plan.job_id),
        watch,
        replaced=told.replaced,
        echo=sys.stdout if told.echo else None,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, keeping.stop)
    status = await keeping.run()
    if told.group and status == 0:
        from services.gateway.jobs.job_runner.group import shrink

        await asyncio.to_thread(shrink, told.group)
    return status


def _reports(told: argparse.Namespace, folder: Path, job_id: str) -> Reports:
    out: TextIO = sys.stdout
    if told.report == "folder":
        return FolderReports(folder)
    if told.report == "stdout":
        return StdoutReports(out)
    from services.gateway.jobs.job_runner.s3_reports import S3Reports

    return S3Reports(told.report, job_id)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m services.gateway.jobs.job_runner",
        description="Keeps the processes of one training job.",
    )
    parser.add_argument("--plan", type=Path, help=f"file with the plan; default: {PLAN_VARIABLE}")
    parser.add_argument("--folder", type=Path, required=True, help="for logs and the lock")
    parser.add_argument(
        "--report", default="folder", help="where it tells how it goes: folder, stdout, s3://..."
    )
    parser.add_argument("--watch", default="", help="PID:START of the mesh that it ends with")
    parser.add_argument(
        "--replaced",
        action="store_true",
        help="whoever stops it starts it again elsewhere, so that a signal is no end of the job",
    )
    parser.add_argument("--group", default="", help="of machines, which is made empty at the end")
    parser.add_argument("--echo", action="store_true", help="its processes' logs to stdout, too")
    return parser.parse_args()
