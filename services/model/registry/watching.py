"""Tells watchers of one process that the registry has changed."""

from __future__ import annotations

import asyncio

from mazemesh.errors import Unavailable


class Changed:
    """A signal to many waiters; belongs to one event loop."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self._closed = False

    def notify(self) -> None:
        """Wakes all that wait."""
        self._next.set()
        self._next = asyncio.Event()

    def close(self) -> None:
        """Wakes all that wait, for the last time."""
        self._closed = True
        self.notify()

    def ticket(self) -> asyncio.Event:
        """Take it before reading: it is set by the first change after.

        Raises:
            Unavailable: the service stops.
        """
        if self._closed:
            raise Unavailable("the Model service stops; watch again from the last revision")
        return self._next


async def wait(ticket: asyncio.Event, seconds: float) -> bool:
    """Whether the change came within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await ticket.wait()
    except TimeoutError:
        return False
    return True
