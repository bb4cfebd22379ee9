"""Calls that wait for their turn: first come, first served, within one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from mazemesh.errors import MazemeshError

T = TypeVar("T")


class _Ticket:
    def __init__(self, since: float) -> None:
        self.since = since
        self.woken = asyncio.Event()


class WaitLine:
    """A line in front of a condition; only the first in line tries, and it tries when it is woken.

    The attempt runs in the task of the call itself, with nothing awaited between being woken and
    trying. So a call that was cancelled or timed out has changed nothing.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._line: deque[_Ticket] = deque()
        self._closed: MazemeshError | None = None
        self._waited = 0.0

    def __len__(self) -> int:
        return len(self._line)

    @property
    def oldest_since(self) -> float | None:
        """Clock time at which the first in line came; None when nobody waits."""
        return self._line[0].since if self._line else None

    @property
    def waited_seconds(self) -> float:
        """Time that calls have spent in line, those that still stand there included."""
        now = self._clock()
        return self._waited + sum(now - ticket.since for ticket in self._line)

    async def enter(self, attempt: Callable[[], T | None], patience: float | None) -> T | None:
        """The first answer of `attempt` that is not None; None after `patience` seconds.

        An exception of `attempt` leaves the line and goes to the caller.

        Raises:
            MazemeshError: the one given to `close`.
        """
        if not self._line and self._closed is None:
            answer = attempt()
            if answer is not None:
                return answer
        ticket = _Ticket(self._clock())
        self._line.append(ticket)
        try:
            async with asyncio.timeout(patience):
                return await self._turn(ticket, attempt)
        except TimeoutError:
            return None
        finally:
            self._line.remove(ticket)
            self._waited += self._clock() - ticket.since
            self.wake()

    def wake(self) -> None:
        """Lets the first in line try again; to be called after every change that may help it."""
        if self._line:
            self._line[0].woken.set()

    def close(self, error: MazemeshError) -> None:
        """Ends all waiting, now and in the future, with `error`."""
        self._closed = error
        for ticket in self._line:
            ticket.woken.set()

    async def _turn(self, ticket: _Ticket, attempt: Callable[[], T | None]) -> T:
        while True:
            if self._closed is not None:
                raise self._closed
            if self._line[0] is ticket:
                answer = attempt()
                if answer is not None:
                    return answer
            ticket.woken.clear()
            await ticket.woken.wait()
