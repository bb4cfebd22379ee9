"""One process of a job: started, started again after a crash, stopped in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from mazemesh.process.interpreter import run_module
from services.gateway.jobs.attempts.plan import Process

GIVE_UP_AFTER: Final = 6
"""Deaths in a row, each within `_STEADY_SECONDS` of its start."""

_STEADY_SECONDS: Final = 30.0
_LONGEST_PAUSE: Final = 10.0
_MOST_LOG_BYTES: Final = 16 << 20


class Outcome(StrEnum):
    """How a child has come to its end."""

    FINISHED = "finished"
    STOPPED = "stopped"
    REFUSED = "refused"
    GIVEN_UP = "given up"


class Child:
    """Keeps one process alive until its work is done, it is stopped, or it cannot be kept.

    Attributes:
        process: What is run.
        log: File with what it writes.
        restarts: How often it was started again.
        metrics_port: Where it tells Prometheus; 0: nowhere.
        pid: Of the running process; 0 between two.
        said: How it ended last, in words.
    """

    def __init__(
        self,
        process: Process,
        arguments: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        finished: Callable[[], bool],
        metrics_port: int = 0,
    ) -> None:
        self.process, self.metrics_port = process, metrics_port
        self.log = folder / f"{process.name}.log"
        self.restarts, self.pid, self.said = 0, 0, ""
        self._finished = finished
        self._environment = environment
        page = (f"--metrics-port={metrics_port}",) if metrics_port else ()
        bound = ("services.gateway.jobs.job_runner.bound", process.module)
        self._command = run_module(*bound, *arguments, *page)
        self._stopping, self._patience = asyncio.Event(), 0.0
        self._running: asyncio.subprocess.Process | None = None

    async def keep(self) -> Outcome:
        """Runs the process, again and again if need be, and tells how that ended."""
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            status = await self._run()
            if self._stopping.is_set():
                break
            if status == 0 and self._finished():
                return Outcome.FINISHED
            self.said = f"{self.process.name} {_ending(status)}"
            if status in self.process.final:
                return Outcome.REFUSED
            deaths = 1 if time.monotonic() - began > _STEADY_SECONDS else deaths + 1
            if deaths >= GIVE_UP_AFTER:
                self.said += f", {deaths} times in a row"
                return Outcome.GIVEN_UP
            pause = 0.0 if deaths == 1 else min(0.25 * 2 ** (deaths - 1), _LONGEST_PAUSE)
            await _wait(self._stopping, pause)
            self.restarts += not self._stopping.is_set()
        return Outcome.STOPPED

    async def stop(self, patience: float) -> None:
        """Asks the process to end; kills it after `patience` seconds."""
        self._patience = patience
        self._stopping.set()
        if self._running is not None:
            await _ended(self._running, patience)

    async def _run(self) -> int:
        mode = "ab"
        if self.log.exists() and self.log.stat().st_size > _MOST_LOG_BYTES:
            mode = "wb"
        with self.log.open(mode) as log:
            running = self._running = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # signals reach whoever keeps it, who stops it in order
            )
        self.pid = running.pid
        if self._stopping.is_set():  # it was asked to while the process was being made
            await _ended(running, self._patience)
        status = await running.wait()
        self.pid = 0
        return status


def last_lines(log: Path, count: int) -> list[str]:
    """The end of a log, at most 64 KiB of it."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - (64 << 10)))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.rstrip()[:1000] for line in text.splitlines() if line.strip()][-count:]


async def _ended(process: asyncio.subprocess.Process, patience: float) -> None:
    """Asks a process to end, and kills it after `patience` seconds."""
    if process.returncode is not None:
        return
    _send(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        _send(process, signal.SIGKILL)
        await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
