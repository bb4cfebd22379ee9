"""Blocking work in threads beside the event loop, which ends before its caller goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


async def in_thread(threads: Executor, work: Callable[..., T], *arguments: object) -> T:
    """The result of `work(*arguments)`, run in a thread.

    A caller that is cancelled meanwhile is cancelled once the work is done: until then the file,
    lock or memory that it works on is the thread's, and nobody may close or reuse it.
    """
    running = asyncio.get_running_loop().run_in_executor(threads, work, *arguments)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        raise
