"""One signal to any number of waiters, of whom none may miss it."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Broadcast:
    """Tells all who wait that something has changed; belongs to one event loop.

    ```python
    while not changed.closed:
        ticket = changed.ticket()  # first, so that no change between reading and waiting is missed
        look()
        await wait(ticket, seconds)
    ```
    """

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.closed = False
        """Whether there will be no further change."""

    def notify(self) -> None:
        """Wakes all that wait."""
        self._next.set()
        if not self.closed:
            self._next = asyncio.Event()

    def close(self) -> None:
        """Wakes all that wait, and from now on whoever would, at once."""
        self.closed = True
        self.notify()

    def ticket(self) -> asyncio.Event:
        """Take it before reading: it is set by the first change after."""
        return self._next


async def wait(ticket: asyncio.Event, seconds: float | None = None) -> bool:
    """Whether the change came, within so many seconds if there is a limit."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ticket.wait()
    return ticket.is_set()
