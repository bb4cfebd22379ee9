"""One supervised process: started, restarted when it dies, stopped when told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from supervisor.running.layout import ProcessSpec
from supervisor.running.logs import worst

_STEADY_SECONDS = 30.0
_LONGEST_PAUSE = 10.0
_WRONG_SETTINGS = 2
_GIVE_UP_AFTER = 6


class Child:
    """Keeps one process of the mesh alive.

    A process that has finished its work is left alone. Any other that dies is started again at
    once; one that keeps dying, after pauses that
    double up to 10 s. Six deaths in a row within 30 s each, or a refusal of its settings (exit
    status 2), end the attempts: `broken` tells why.

    Attributes:
        spec: What to run.
        restarts: How often it was started again.
        pid: Of the running process; None between two.
        deaths: How often it ended.
        broken: Why it is not started any more; "" while it is.
        finished: Whether it has done its work.
        log_file: What it writes.
        log_start: Bytes of earlier meshes at the beginning of that.
        spawned: Set when its first start was tried.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        environment: Mapping[str, str],
        log_dir: Path,
        tell: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self.restarts = 0
        self.pid: int | None = None
        self.broken = ""
        self.finished = False
        self.spawned = asyncio.Event()
        self.deaths = 0
        self.log_file = log_dir / f"{spec.name}.log"
        self.log_start = self._log_size()
        self._environment = environment
        self._tell = tell
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    async def keep_alive(self) -> None:
        """Runs the process again and again; returns when it was stopped, is broken or done."""
        deaths = 0
        while not self._stopping.is_set():
            began, written = time.monotonic(), self._log_size()
            status = await self._run_once()
            if self._stopping.is_set():
                return
            if status == 0 and self.spec.finished is not None and self.spec.finished.exists():
                self.finished = True
                self._tell(f"{self.spec.name} has done its steps")
                return
            self.deaths += 1
            deaths = 1 if time.monotonic() - began > _STEADY_SECONDS else deaths + 1
            complaint = worst(self.log_file, written)
            reason = f" ({complaint.text})" if complaint else ""
            self._tell(f"{self.spec.name} {_ending(status)}{reason}; see {self.log_file}")
            if status == _WRONG_SETTINGS or deaths >= _GIVE_UP_AFTER:
                times = "once" if deaths == 1 else f"{deaths} times in a row"
                self.broken = f"{self.spec.name} {_ending(status)} {times}{reason}"
                return
            pause = 0.0 if deaths == 1 else min(0.25 * 2 ** (deaths - 1), _LONGEST_PAUSE)
            await _wait_for(self._stopping, pause)
            if not self._stopping.is_set():
                self.restarts += 1
                self._tell(f"{self.spec.name} is started again")

    @property
    def begun(self) -> bool:
        """Whether its first start was tried."""
        return self.spawned.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stopping.is_set()

    def _log_size(self) -> int:
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    async def stop(self, patience: float) -> None:
        """Asks the process to end (SIGTERM); kills it after `patience` seconds."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _send(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            self._tell(f"{self.spec.name} did not stop within {patience:.0f} s and is killed")
            _send(process, signal.SIGKILL)
            await process.wait()

    async def _run_once(self) -> int:
        with self.log_file.open("ab") as log:
            try:
                process = self._process = await asyncio.create_subprocess_exec(
                    *self.spec.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                    # Ctrl-C of the terminal must reach the supervisor alone, which stops in order.
                    start_new_session=True,
                )
            finally:
                self.spawned.set()
        self.pid = process.pid
        if self.spec.niceness:
            os.setpriority(os.PRIO_PROCESS, process.pid, self.spec.niceness)
        if self._stopping.is_set():
            _send(process, signal.SIGTERM)
        status = await process.wait()
        self.pid = None
        return status


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
