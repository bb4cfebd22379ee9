"""Pipes between the service and the processes that it confines."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import sys
import time
from typing import BinaryIO, Final

LONGEST_LINE: Final = 512 * 1024
"""In bytes: above all checks with the longest details, as JSON."""

_ROOM: Final = 1024 * 1024
_AT_ONCE: Final = 16 * 1024


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Of a process: requests and answers; what a library prints is not among the answers."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    return sys.stdin.buffer, answers


def make_large(pipe: int) -> None:
    """Gives a pipe room for a file, where that can be told: to wait for the reader costs time."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)


def write(pipe: int, content: bytes, deadline: float) -> None:
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
            wait(pipe, select.POLLOUT, deadline)


def read_line(pipe: int, deadline: float) -> tuple[bytes, bytes]:
    """A line, with its end; without one when the other side ended, or the line is too long.

    And what has come of what follows it.

    Raises:
        TimeoutError: it does not come before the deadline.
    """
    come = b""
    while b"\n" not in come and len(come) < LONGEST_LINE:
        wait(pipe, select.POLLIN, deadline)
        more = os.read(pipe, min(_AT_ONCE, LONGEST_LINE - len(come)))
        if not more:
            break
        come += more
    line, end, rest = come.partition(b"\n")
    return line + end, rest


def wait(pipe: int, what: int, deadline: float) -> None:
    """Waits for an event of `select.poll`; raises TimeoutError after the deadline."""
    poll = select.poll()
    poll.register(pipe, what)
    if not poll.poll(max(0.0, 1e3 * (deadline - time.monotonic()))):
        raise TimeoutError
