"""Starts the process that runs files, and talks with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from mazemesh.errors import Unavailable
from services.model.inference.calls import RunFailed, RunnerEnded, RunTooLong
from services.model.inference.providers import Processor
from services.model.inference.runner import frames

START_SECONDS: Final = 60.0
LOAD_SECONDS: Final = 60.0
"""For a file to be loaded and run once; a GPU may want an engine made."""

_PASSED_ON: Final = (
    "PATH",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "CUDA_VISIBLE_DEVICES",
)
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_END_SECONDS: Final = 5.0
_NICE: Final = 15
_MAIN: Final = "services.model.inference.runner.main"

Content = memoryview
Parts = Sequence["bytes | memoryview"]


@dataclass(frozen=True, slots=True)
class Means:
    """What a process may use.

    Attributes:
        threads: For one batch.
        processor: What files are run on.
        memory_bytes: Beside what it has when it has started.
        run_seconds: For one batch, in time that passes; more, and it is killed.
        yields: Whether other processes come first.
    """

    threads: int
    processor: Processor
    memory_bytes: int
    run_seconds: float
    yields: bool = False


class Process:
    """One process, started when it is needed, and again after it ended; belongs to one event loop.

    Answers come in the order of batches, those of loads between them.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._link: _Link | None = None
        self._starting = asyncio.Lock()
        self._number = 0
        self.starts = 0
        """How often it was started."""

    @property
    def life(self) -> int:
        """Which of its lives this is; 0: it does not run, and nothing is loaded."""
        return self.starts if self._is_up else 0

    @property
    def _is_up(self) -> bool:
        return self._link is not None and not self._link.ended

    async def start(self) -> None:
        """Starts it, unless it runs.

        Raises:
            Unavailable: it does not come up.
        """
        async with self._starting:
            if not self._is_up:
                self._link = await self._started()
                self.starts += 1

    async def load(self, parts: Parts) -> Content:
        """Loads a file (`frames.load_parts`); what it told (`frames.read_loaded`).

        Raises:
            RunFailed: it cannot be loaded.
            RunTooLong: it takes too long.
            RunnerEnded: the process ended.
        """
        return await self._ask(frames.LOAD, parts, LOAD_SECONDS)

    def run(self, parts: Parts) -> asyncio.Future[Content]:
        """Runs a batch (`frames.run_head` and columns); what comes of it (`frames.read_ran`)."""
        return self._ask(frames.RUN, parts, self._means.run_seconds)

    def unload(self, model: int) -> None:
        """Forgets a file."""
        if self._is_up:
            assert self._link is not None
            self._link.send(model, frames.UNLOAD, ())

    async def close(self) -> None:
        """Ends the process."""
        if self._link is not None:
            await self._link.close()

    def _ask(self, kind: int, parts: Parts, seconds: float) -> asyncio.Future[Content]:
        link = self._link
        if link is None or link.ended:
            answer: asyncio.Future[Content] = asyncio.get_running_loop().create_future()
            answer.set_exception(RunnerEnded(is_blamed=False))
            return answer
        self._number += 1
        return link.ask(self._number, kind, parts, seconds)

    async def _started(self) -> _Link:
        ours, theirs = socket.socketpair()
        means = self._means
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        arguments = (theirs.fileno(), means.threads, means.processor, means.memory_bytes)

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603  # our own module, and numbers
                [sys.executable, "-P", "-m", _MAIN, *(str(one) for one in arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env={**environment, **dict.fromkeys(_THREADS, "1")},
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )

        with theirs:
            process = await asyncio.to_thread(start)
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        _, link = await loop.create_connection(lambda: _Link(process), sock=ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                await link.ready
        except (TimeoutError, RunnerEnded) as error:
            await link.close()
            raise Unavailable(
                f"the process that runs files does not start (status {process.poll()}); the log "
                "of the service has what it said"
            ) from error
        if means.yields:  # now, as it would take minutes to start on a busy machine
            _yield(process.pid)
        return link


def _yield(pid: int) -> None:
    """Has a process leave 97 % of a processor to any other that wants it."""
    # The threads that it makes later have what its first one has, which runs batches.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    # Linux may weigh sessions against each other first.
    with contextlib.suppress(OSError), open(f"/proc/{pid}/autogroup", "w") as group:  # noqa: PTH123
        group.write(str(_NICE))


class _Link(asyncio.Protocol):
    """One life of the process. Batches are answered in order; the first of them is being run."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._loop = loop = asyncio.get_running_loop()
        self.ended = False
        self.ready: asyncio.Future[Content] = loop.create_future()
        self._asked: dict[int, asyncio.Future[Content]] = {0: self.ready}
        self._runs: deque[tuple[int, float]] = deque()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._received = bytearray()
        self._needed = frames.HEAD.size
        self._transport: asyncio.WriteTransport | None = None
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def ask(self, number: int, kind: int, parts: Parts, seconds: float) -> asyncio.Future[Content]:
        """The answer to a frame, within so many seconds from when it is its turn."""
        answer: asyncio.Future[Content] = self._loop.create_future()
        self._asked[number] = answer
        if kind == frames.RUN:
            self._runs.append((number, seconds))
        if kind != frames.RUN or len(self._runs) == 1:
            self._time(number, seconds)
        self.send(number, kind, parts)
        return answer

    def send(self, number: int, kind: int, parts: Parts) -> None:
        """A frame."""
        assert self._transport is not None
        size = sum(map(len, parts))
        self._transport.writelines([frames.HEAD.pack(number, kind, size), *parts])

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        while len(received) >= self._needed:
            number, kind, size = frames.HEAD.unpack_from(received)
            if size > frames.MOST_BYTES:
                self._kill()
                return
            end = frames.HEAD.size + size
            if len(received) < end:
                self._needed = end
                return
            content = memoryview(bytes(memoryview(received)[frames.HEAD.size : end]))
            del received[:end]
            self._needed = frames.HEAD.size
            self._answered(number, kind, content)

    def _answered(self, number: int, kind: int, content: Content) -> None:
        answer = self._asked.pop(number, None)
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
        if self._runs and self._runs[0][0] == number:
            self._runs.popleft()
            if self._runs:
                self._time(*self._runs[0])
        if answer is None or answer.done():
            return
        if kind == frames.DONE:
            answer.set_result(content)
        else:
            answer.set_exception(RunFailed(frames.read_reason(content)))

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        for timer in self._timers.values():
            timer.cancel()
        running = self._runs[0][0] if self._runs else 0
        asked, self._asked = self._asked, {}
        for number, answer in asked.items():
            if not answer.done():
                # Those that were not begun yet are not to blame.
                is_waiting = number != running and any(number == one for one, _ in self._runs)
                answer.set_exception(RunnerEnded(is_blamed=not is_waiting))
        self._gone.set()
        self._loop.run_in_executor(None, self._reap)

    def _time(self, number: int, seconds: float) -> None:
        self._timers[number] = self._loop.call_later(seconds, self._too_long, number, seconds)

    def _too_long(self, number: int, seconds: float) -> None:
        answer = self._asked.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_exception(RunTooLong(f"it took more than {seconds:g} s"))
        self._kill()

    def _kill(self) -> None:
        self.ended = True
        self._process.kill()

    def _reap(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
            return
        self._process.kill()
        self._process.wait()

    async def close(self) -> None:
        """Ends it."""
        self._kill()
        if self._transport is not None:
            self._transport.close()
            await self._gone.wait()
        await asyncio.to_thread(self._reap)
