"""A process that checks files.

A file that somebody sent is never opened by the service itself. Each check is made by a confined
process of its own standing (`confined`), warm from the check before; one that passes a limit is
killed and another takes its place.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import Unavailable
from mazemesh.policy.file.rejection import Rejection
from services.model.checks import Check, from_rows
from services.model.validation.asking import described, environment, tensors
from services.model.validation.parity import Floats, Parity
from services.model.validation.pipes import LONGEST_LINE, make_large, read_line, wait, write
from services.model.validation.report import Rejected, Standards, Verdict

START_SECONDS: Final = 60.0
"""For a process to load onnxruntime."""

Content = Path | bytes
"""A file: on disk, where it may be large, or in memory."""

_MEBIBYTE: Final = 1024 * 1024
_NOTHING: Final = Parity({}, {}, {})
_ENDING_SECONDS: Final = 5.0
"""For a process to end that has closed its output."""


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
        self._process = subprocess.Popen(  # our own module
            [sys.executable, "-P", "-m", "services.model.validation.confined"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env=environment(),
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        make_large(self._process.stdin.fileno())
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
            wait(process.stdout.fileno(), select.POLLIN, deadline)
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
                write(process.stdin.fileno(), part, deadline)
            line, self._rest = read_line(process.stdout.fileno(), deadline)
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
        if len(line) == LONGEST_LINE or line.endswith(b"\n"):
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
        **described(parity),
    }
    yield b"".join([json.dumps(request).encode(), b"\n", *tensors(parity)])
    yield from iter(lambda: file.read(_MEBIBYTE), b"")


def _opened(content: Content) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
