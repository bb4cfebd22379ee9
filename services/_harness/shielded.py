"""Work that goes on when its caller is cancelled, as when a client hangs up in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


class Shielded:
    """Runs what must not be left half done; belongs to one event loop."""

    def __init__(self) -> None:
        # The event loop itself keeps no reference to its tasks.
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts work that several callers may wait for, each by `asyncio.shield`."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that goes to its end, whatever becomes of the caller."""
        return await asyncio.shield(self.begin(work))

    async def join(self) -> None:
        """Returns when all that was begun has ended, in whatever way."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def cancel(self) -> None:
        """Cancels what is under way and returns when it has ended."""
        for task in self._under_way:
            task.cancel()
        await self.join()


async def to_its_end(running: asyncio.Future[T]) -> T:
    """The result of what runs; a caller that is cancelled meanwhile is cancelled once it is done.

    For work in threads: until then the file, lock or memory that it works on is the thread's, and
    nobody may close or reuse it.
    """
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        raise


async def in_thread(threads: Executor | None, work: Callable[..., T], *arguments: object) -> T:
    """The result of `work(*arguments)`, run in a thread `to_its_end`; None: the loop's threads."""
    return await to_its_end(asyncio.get_running_loop().run_in_executor(threads, work, *arguments))
