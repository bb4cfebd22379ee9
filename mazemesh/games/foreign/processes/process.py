"""A worker process as its parent sees it: commanded with a deadline, killed when it hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.processes.task import Task
from mazemesh.games.foreign.processes.worker import DESCRIPTION, FATAL
from mazemesh.games.foreign.seats.description import Description

START_SECONDS = 60.0
"""How long an environment may take to be imported, and how long to be made, or to begin an episode:
one environment, one episode."""

_END_SECONDS = 1.0
_LOOKS = 4
"""How often one looks, in the time that a call may take, whether another has begun."""


class WorkerGone(Exception):
    """The worker crashed, could not go on, or did not answer in time; it is dead now."""


class WorkerProcess:
    """One worker. It is a fresh interpreter, so nothing of this process is copied into it.

    Attributes:
        description: What it says of the game.
    """

    def __init__(self, task: Task) -> None:
        """Starts it.

        Raises:
            InvalidArgument: there is no such game, or none that is supported.
            WorkerGone: it ended, or took too long.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            inherited = [descriptor] if task.memory < 0 else [descriptor, task.memory]
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *(
                        sys.executable,
                        "-P",
                        "-W",
                        "ignore",
                        "-m",
                        "mazemesh.games.foreign.processes.worker",
                    ),
                    replace(task, socket=descriptor).to_json(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=inherited,
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._end = weakref.finalize(self, _end, self._process)
        answer = self._receive(lambda: 1, START_SECONDS)  # it begins with something long
        if answer[:1] != DESCRIPTION:
            self.close()
            raise InvalidArgument(f"game {task.game}: {answer[1:].decode()}")
        self.description = Description.from_json(answer[1:].decode())

    def send(self, request: bytes) -> None:
        """Sends a command; what becomes of it, `answer` tells."""
        try:
            self._connection.send_bytes(request)
        except OSError:
            return

    def answer(self, pulse: Callable[[], int], step_seconds: float) -> bytes:
        """The answer to a command.

        A command is many calls of environments. Each may take its time, however long they take
        together.

        Args:
            pulse: Tells `Arrays.pulse` of this worker.
            step_seconds: How long a step may take; all else has `START_SECONDS`.

        Raises:
            WorkerGone: there is none, or the worker cannot go on; names the reason.
        """
        answer = self._receive(pulse, step_seconds)
        if answer[:1] == FATAL:
            self.close()
            raise WorkerGone(answer[1:].decode())
        return answer

    def close(self) -> None:
        """Kills it and what it has started, if it still runs."""
        self._end()

    def _receive(self, pulse: Callable[[], int], step_seconds: float) -> bytes:
        try:
            if self._wait(pulse, step_seconds):
                return self._connection.recv_bytes()
            reason = "it did not answer in time"
        except (EOFError, OSError):
            reason = f"its process ended with status {self._status()}"
        self.close()
        raise WorkerGone(reason)

    def _wait(self, pulse: Callable[[], int], step_seconds: float) -> bool:
        """Waits for something to receive; False: a call takes longer than it may."""
        seen, since = pulse(), time.monotonic()
        while True:
            limit = START_SECONDS if seen & 1 else step_seconds
            if self._connection.poll(limit / _LOOKS):
                return True
            now, seen_before = time.monotonic(), seen
            seen = pulse()
            if seen != seen_before:
                since = now
            elif now - since >= limit:
                return False

    def _status(self) -> int | None:
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        _kill_session(self._process)  # what it has left behind
        return status


def _end(process: subprocess.Popen[bytes]) -> None:
    # The socket closes with its last user: a thread may be waiting on it now.
    if process.returncode is None:  # else its number may be another's by now
        _kill_session(process)
        process.wait()


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kills the worker and what its environments have started, such as a simulator or a browser.

    The worker leads a session of its own, and a process group with it.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
