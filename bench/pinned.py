"""A server in a process of its own, on a core of its own."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import psutil
import structlog

from services._harness.event_loop import new_event_loop

Serve = Callable[[], AbstractAsyncContextManager[str]]
"""Serves inside the block and gives the address; must be a function of a module (spawn)."""

NewLoop = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True)
class PinnedServer:
    """A running server."""

    address: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU time of the server so far, user and system."""
        times = self.process.cpu_times()
        return times.user + times.system

    def children_cpu_seconds(self) -> float:
        """CPU time so far of the processes that it started and that still run."""
        return sum(
            times.user + times.system
            for child in self.process.children(recursive=True)
            for times in (child.cpu_times(),)
        )

    def rss_bytes(self) -> int:
        return self.process.memory_info().rss


def pin(core: int) -> bool:
    """Keeps this process on one core; False where that cannot be done.

    A child inherits the core of its parent but may move to another one.
    """
    try:
        os.sched_setaffinity(0, {core})
    except (AttributeError, OSError):
        return False
    return True


@contextmanager
def pinned_server(
    serve: Serve, core: int = 0, new_loop: NewLoop = new_event_loop
) -> Iterator[PinnedServer]:
    """Runs `serve` in a spawned process on `core`; by default on the event loop of services."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(serve, core, new_loop, theirs))
    process.start()
    theirs.close()  # so that the end of the process is one of what is read, too
    try:
        yield PinnedServer(ours.recv(), psutil.Process(process.pid))
    finally:
        with suppress(OSError):  # it has ended
            ours.send("stop")
        process.join(10)
        if process.is_alive():
            process.kill()


def _run(serve: Serve, core: int, new_loop: NewLoop, pipe: Connection) -> None:
    pin(core)
    _log_errors_alone()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(serve, pipe))


def _log_errors_alone() -> None:
    """To standard error: standard output is the measurement's."""
    logging.disable(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def _serve(serve: Serve, pipe: Connection) -> None:
    async with serve() as address:
        pipe.send(address)
        stop: Awaitable[str] = asyncio.to_thread(pipe.recv)
        await stop
