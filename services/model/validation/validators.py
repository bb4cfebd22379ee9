"""Processes that check files, and who gets one when.

A file that somebody sent is never opened by the service itself. Each check is made by a confined
process of its own standing (`confined`), warm from the check before; one that passes a limit is
killed and another takes its place. So a file that never ends costs its place `cpu_seconds`, and
others are checked beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import numpy as np
import numpy.typing as npt

from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.policy.file.rejection import Rejection
from services.model.checks import Check, from_rows
from services.model.validation.parity import Floats, Parity
from services.model.validation.report import Rejected, Standards, Verdict

START_SECONDS: Final = 60.0
"""For a process to load onnxruntime."""

T = TypeVar("T")

Content = Path | bytes
"""A file: on disk, where it may be large, or in memory."""

_MEBIBYTE: Final = 1024 * 1024
_NOTHING: Final = Parity({}, {}, {})
_LONGEST_ANSWER: Final = 512 * 1024
"""Of one line in bytes: above all checks with the longest details, as JSON."""

_ENDING_SECONDS: Final = 5.0
"""For a process to end that has closed its output."""

_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "HOME", "LANG")
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one check.

    Attributes:
        cpu_seconds: Processor time; the kernel ends a process that uses more.
        wall_seconds: Time that passes; more is the fault of a busy machine, not of the file.
        memory_bytes: Beside six times the file's size.
        standards: What figures are held to.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 45.0
    memory_bytes: int = 256 * _MEBIBYTE
    standards: Standards = field(default_factory=Standards)


class _Gone(Exception):
    """The process ended without an answer."""


class Validator:
    """One process. Its calls block; a file that plays acts between checks of others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        # A file may play while others are checked: request by request.
        self._turn = threading.RLock()
        self._rest = b""

    def start(self) -> None:
        """Starts the process and waits until it is warm.

        Raises:
            Unavailable: it does not come up.
        """
        if self._process is not None and self._process.poll() is None:
            return
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(  # our own module
            [sys.executable, "-P", "-m", "services.model.validation.confined"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**environment, **dict.fromkeys(_THREADS, "1")},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        _make_large(self._process.stdin.fileno())
        try:
            answer = self._answer(START_SECONDS, ())
        except _Gone as error:
            self.close()
            raise Unavailable(f"the process that checks files does not start: {error}") from error
        assert answer == {"ready": True}

    def check(self, content: Content, size_bytes: int, parity: Parity) -> Verdict:
        """What was found of the file, by a process that is started if need be.

        Raises:
            Rejected: a check failed, or a limit was passed (check "limits").
            Unavailable: the check did not end in time though the file had no time of its own.
            FileNotFoundError: the file was deleted meanwhile.
        """
        with self._turn:
            for attempt in (1, 2):
                self.start()
                try:
                    with _opened(content) as file:
                        answer = self._ask("check", file, size_bytes, parity)
                except _Gone as error:
                    # Somebody else may have killed it, as the kernel does for memory.
                    if attempt == 2:
                        raise Rejected("limits", f"onnxruntime died of it: {error}") from error
                    continue
                return Verdict(str(answer["checked"]), _checks_of(answer))
        raise AssertionError("the second attempt returns or raises")

    def play(self, content: Content, size_bytes: int) -> int:
        """Keeps a file that was checked, for `act`; another one is forgotten.

        Returns:
            Elements of what it remembers.

        Raises:
            Rejected, Unavailable: as `check`.
        """
        with self._turn:
            self.start()
            with _opened(content) as file, _gone_is_unavailable():
                return int(self._ask("play", file, size_bytes, _NOTHING)["state_size"])

    def act(
        self, given: Mapping[str, npt.NDArray[Any]], outputs: Mapping[str, int]
    ) -> dict[str, Floats]:
        """What the file that plays answers, float32 [n, width] by output.

        Args:
            given: Its inputs, [n, ...] each.
            outputs: Widths by name; 0: one value a row, [n].

        Raises:
            Rejected: it does not run, or answers another number of values.
            Unavailable: the process is gone, with the file.
        """
        rows = len(next(iter(given.values())))
        wanted = [4 * rows * max(1, width) for width in outputs.values()]
        with self._turn, _gone_is_unavailable():
            inputs = Parity(given, {}, {})
            answer = self._ask("act", io.BytesIO(), 0, inputs, outputs=list(outputs))
            if answer["sizes"] != wanted:
                self.close()  # what follows is not what was asked for
                raise Rejected("smoke", f"it answers {answer['sizes']} bytes; expected {wanted}")
            try:
                content = self._read(sum(wanted))
            except (_Gone, TimeoutError):
                self.close()  # what comes of it later would be taken for other answers
                raise
        found: dict[str, Floats] = {}
        position = 0
        for (name, width), size in zip(outputs.items(), wanted, strict=True):
            array = np.frombuffer(content, "<f4", size // 4, position)
            found[name] = array.reshape(rows, width) if width else array
            position += size
        return found

    def end(self) -> None:
        """Forgets the file that plays."""
        with self._turn, contextlib.suppress(_Gone, Rejection, Unavailable):
            if self._process is not None:
                self._ask("end", io.BytesIO(), 0, _NOTHING)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # what was not sent is lost on purpose
                pipe.close()
        process.wait()

    def _ask(
        self, kind: str, file: BinaryIO, size_bytes: int, parity: Parity, **more: Any
    ) -> dict[str, Any]:
        parts = _request(self._limits, kind, file, size_bytes, parity, more)
        try:
            answer = self._answer(self._limits.wall_seconds, parts)
        except _Gone as error:
            status = self._process.wait() if self._process is not None else 0
            self.close()
            if status == -signal.SIGXCPU:
                seconds = self._limits.cpu_seconds
                raise Rejected(
                    "limits", f"it takes more than {seconds:g} s of processor time"
                ) from error
            raise
        if "check" in answer:
            raise Rejected(str(answer["check"]), str(answer["reason"]), _checks_of(answer))
        return answer

    def _read(self, size: int) -> bytes:
        """So many bytes that follow an answer."""
        process = self._process
        if process is None or process.stdout is None:
            raise _Gone("it was closed")
        deadline = time.monotonic() + self._limits.wall_seconds
        content, self._rest = bytearray(self._rest), b""
        while len(content) < size:
            _wait(process.stdout.fileno(), select.POLLIN, deadline)
            more = os.read(process.stdout.fileno(), min(_MEBIBYTE, size - len(content)))
            if not more:
                raise _Gone("it ended within an answer")
            content += more
        if len(content) > size:
            raise _Gone("it answered more than it was asked for")
        return bytes(content)

    def _answer(self, seconds: float, request: Iterable[bytes]) -> dict[str, Any]:
        """The answer to a request. Kills a process that does not give it in time."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise _Gone("it was closed")
        deadline = time.monotonic() + seconds
        line = b""
        try:
            for part in request:
                _write(process.stdin.fileno(), part, deadline)
            line, self._rest = _read_line(process.stdout.fileno(), deadline)
        except TimeoutError as error:
            self.close()
            raise Unavailable(
                f"a check did not end within {seconds:g} s on this busy machine"
            ) from error
        except BrokenPipeError:
            pass
        content = _content(line)
        if content:
            return content
        # It says what nobody asked for, or it ends.
        if len(line) == _LONGEST_ANSWER or line.endswith(b"\n"):
            process.kill()
        raise _Gone(f"its process ended with status {_status(process)}")


def _content(line: bytes) -> dict[str, Any]:
    """An answer; empty where it is none."""
    try:
        content = json.loads(line) if line.endswith(b"\n") else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _status(process: subprocess.Popen[bytes]) -> int:
    """How a process ended; one that does not end is killed."""
    try:
        return process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _make_large(pipe: int) -> None:
    """Gives a pipe room for a file, where that can be told: to wait for the reader costs time."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _MEBIBYTE)


def _checks_of(answer: Mapping[str, Any]) -> tuple[Check, ...]:
    try:
        return from_rows(answer.get("checks", []))
    except (ValueError, TypeError):
        return ()


@contextlib.contextmanager
def _gone_is_unavailable() -> Iterator[None]:
    try:
        yield
    except (_Gone, TimeoutError) as error:
        raise Unavailable(f"the process that plays is gone: {error}") from error


def _request(
    limits: Limits,
    kind: str,
    file: BinaryIO,
    size_bytes: int,
    parity: Parity,
    more: Mapping[str, Any],
) -> Iterator[bytes]:
    both = {"given": parity.given, "expected": parity.expected}
    arrays = [(part, name, array) for part, named in both.items() for name, array in named.items()]
    request = {
        **more,
        "kind": kind,
        "standards": {
            "max_bytes": limits.standards.max_bytes,
            "latency_ms": limits.standards.latency_ms,
            "batch_latency_ms": limits.standards.batch_latency_ms,
        },
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes + 6 * size_bytes,
        "size_bytes": size_bytes,
        "tensors": [(part, name, array.dtype.str, array.shape) for part, name, array in arrays],
        "masks": dict(parity.masks),
    }
    data = (array.tobytes() for _, _, array in arrays)
    yield b"".join([json.dumps(request).encode(), b"\n", *data])
    yield from iter(lambda: file.read(_MEBIBYTE), b"")


def _write(pipe: int, content: bytes, deadline: float) -> None:
    """Writes all to a pipe that does not block.

    Raises:
        TimeoutError: the other side does not read it before the deadline.
        BrokenPipeError: there is no other side.
    """
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(pipe, left) :]
        except BlockingIOError:
            _wait(pipe, select.POLLOUT, deadline)


def _read_line(pipe: int, deadline: float) -> tuple[bytes, bytes]:
    """A line, with its end; without one when the other side ended, or the line is too long.

    And what has come of what follows it.

    Raises:
        TimeoutError: it does not come before the deadline.
    """
    come = b""
    while b"\n" not in come and len(come) < _LONGEST_ANSWER:
        _wait(pipe, select.POLLIN, deadline)
        more = os.read(pipe, _LONGEST_ANSWER - len(come))
        if not more:
            break
        come += more
    line, end, rest = come.partition(b"\n")
    return line + end, rest


def _wait(pipe: int, what: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe, what)
    if not poll.poll(max(0.0, 1e3 * (deadline - time.monotonic()))):
        raise TimeoutError


def _opened(content: Content) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


class Validators:
    """So many processes at most, and a queue of bounded length before them.

    Memory of the service: a file is read piece by piece when its turn has come, so that what waits
    lies on the disk alone.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        processes: int,
        waiting: int,
        check: Callable[[Validator, Content, int, Parity], Verdict] = Validator.check,
    ) -> None:
        """`waiting` checks wait at most; the next is refused. `check` is called by threads."""
        self._check = check
        self._most_waiting = waiting
        self._waiting = 0
        self._free = asyncio.Semaphore(processes)
        # The last one that was free is taken first, so that a quiet mesh has one process.
        self._idle = [Validator(limits) for _ in range(processes)]
        self._all = tuple(self._idle)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="validation")
        self._playing = ThreadPoolExecutor(1, thread_name_prefix="smoke")

    async def warm(self) -> None:
        """Starts the first process.

        A file that comes before it is there is checked by the next one, which then knows its graph
        and stays the first to be taken.
        """
        await self._with_validator(lambda validator: validator.start(), has_checked=False)

    async def check(self, content: Content, size_bytes: int, parity: Parity) -> Verdict:
        """What was found of the file; see `Validator.check`.

        A caller that goes away leaves the queue, but not a process that has begun.

        Raises:
            ResourceExhausted: too many wait already.
        """
        return await self._with_validator(
            lambda validator: self._check(validator, content, size_bytes, parity)
        )

    async def play(
        self, content: Content, size_bytes: int, game: Callable[[Validator, int], T]
    ) -> T:
        """What comes of a game that a file plays, one after the other.

        `game` is called by a thread, with the process that has the file (the one that is warmest,
        which goes on checking others meanwhile) and the size of what the file remembers.

        Raises:
            Rejected, Unavailable: as `Validator.play`, or whatever `game` raises.
        """
        validator = self._idle[-1] if self._idle else self._all[0]

        def playing() -> T:
            state_size = validator.play(content, size_bytes)
            try:
                return game(validator, state_size)
            finally:
                validator.end()

        running = asyncio.get_running_loop().run_in_executor(self._playing, playing)
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Ends all processes; after the last check."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._playing.shutdown, cancel_futures=True)
        for validator in self._all:
            await asyncio.to_thread(validator.close)

    async def _with_validator(
        self, work: Callable[[Validator], T], *, has_checked: bool = True
    ) -> T:
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise ResourceExhausted(
                f"{self._waiting} files wait to be checked, which is the most; publish again later",
                retry_after=1.0,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        validator = self._idle.pop()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, validator)

        def give_back(_: object) -> None:
            self._idle.insert(len(self._idle) if has_checked else 0, validator)
            self._free.release()

        running.add_done_callback(give_back)
        return await asyncio.shield(running)
