"""How long a server's event loop is held by single callbacks, in processor time of its thread.

Time that passes would depend on what else runs on the machine. Processor time of the loop's thread
does not: it is what a callback itself costs, and so what all other calls wait for at least.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_SECONDS = 0.1
"""What the largest legal message of an RPC may hold a loop for."""


class EventLoopLag:
    """What was measured so far.

    Attributes:
        longest: Most processor seconds between two turns of the ticker; other callbacks of the same
            turn of the loop are among them, so it is an upper bound for one callback.
        ticks: Turns of the ticker.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.ticks = 0

    async def tick(self) -> None:
        """Takes a turn of the loop after the other, until it is cancelled."""
        before = time.thread_time()
        while True:
            # Not a pause of 0: the loop could then never wait for its sockets.
            await asyncio.sleep(0.001)
            now = time.thread_time()
            self.longest = max(self.longest, now - before)
            self.ticks += 1
            before = now


@asynccontextmanager
async def event_loop_lag() -> AsyncIterator[EventLoopLag]:
    """Measures the loop that it is entered in."""
    lag = EventLoopLag()
    task = asyncio.create_task(lag.tick())
    try:
        yield lag
    finally:
        await asyncio.sleep(0.002)  # the end of the last callback
        task.cancel()


class LagOfAnother:
    """The same for a loop that runs in another thread, as `RunningService` has one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lag = EventLoopLag()

    def __enter__(self) -> EventLoopLag:
        self._ticking = asyncio.run_coroutine_threadsafe(self._lag.tick(), self._loop)
        self._turn()
        return self._lag

    def __exit__(self, *_: object) -> None:
        self._turn()
        self._ticking.cancel()

    def _turn(self) -> None:
        """Returns when the ticker has had a turn after now."""

        async def wait() -> None:
            seen = self._lag.ticks
            while self._lag.ticks < seen + 2:  # noqa: ASYNC110  # turns are what is waited for
                await asyncio.sleep(0.001)

        asyncio.run_coroutine_threadsafe(wait(), self._loop).result(60)
