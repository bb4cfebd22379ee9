"""Answers that are held back for something to happen: for a while, and no longer than we serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Waiting:
    """Who waits. A stop ends all waits at once, so that it waits for none of them."""

    def __init__(self) -> None:
        self._held: set[asyncio.Timeout] = set()
        self.over = False

    def __len__(self) -> int:
        return len(self._held)

    @asynccontextmanager
    async def at_most(self, seconds: float) -> AsyncIterator[None]:
        """Ends its block after so many seconds.

        Raises:
            TimeoutError: that is so, or the gateway stops.
        """
        async with asyncio.timeout(0.0 if self.over else seconds) as held:
            self._held.add(held)
            try:
                yield
            finally:
                self._held.discard(held)

    async def end(self) -> None:
        """Ends all waits, now and from now on."""
        self.over, now = True, asyncio.get_running_loop().time()
        for held in self._held:
            if not held.expired():
                held.reschedule(now)
