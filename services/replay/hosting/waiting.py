"""Calls that wait for their turn: first come, first served, within one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from mazemesh.errors import MazemeshError, ResourceExhausted
from services.replay.limits import LINES_SHARE, MOST_WAITING_BYTES, MOST_WAITING_CALLS

T = TypeVar("T")


class Room:
    """How many calls may wait, and how many bytes they may hold in memory.

    A call that finds nobody waiting is let in however large it is.
    """

    def __init__(
        self,
        where: str,
        most_calls: int = MOST_WAITING_CALLS,
        most_bytes: int = MOST_WAITING_BYTES,
    ) -> None:
        self.calls = 0
        self.bytes = 0
        self.most_calls = most_calls
        self.most_bytes = most_bytes
        self._where = where
        self._outer: Room | None = None

    def part(self, where: str) -> Room:
        """A room within this one, for a share of it: one full line leaves room for others."""
        part = Room(where, self.most_calls // LINES_SHARE, self.most_bytes // LINES_SHARE)
        part._outer = self
        return part

    def enter(self, size: int) -> None:
        """Takes room for a call that holds `size` bytes.

        Raises:
            ResourceExhausted: there is none; nothing was taken.
        """
        if self.calls >= self.most_calls or (self.calls and self.bytes + size > self.most_bytes):
            raise ResourceExhausted(
                f"{self.calls} calls with {self.bytes} bytes wait {self._where} already; at most "
                f"{self.most_calls} calls and {self.most_bytes} bytes may. Nothing was changed; "
                "try again later",
                retry_after=1.0,
            )
        if self._outer is not None:
            self._outer.enter(size)
        self.calls += 1
        self.bytes += size

    def leave(self, size: int) -> None:
        """Gives back what `enter` took."""
        self.calls -= 1
        self.bytes -= size
        if self._outer is not None:
            self._outer.leave(size)


class _Ticket:
    def __init__(self, since: float) -> None:
        self.since = since
        self.woken = asyncio.Event()


class WaitLine:
    """A line in front of a condition; only the first in line tries, and it tries when it is woken.

    The attempt runs in the task of the call itself, with nothing awaited between being woken and
    trying. So a call that was cancelled or timed out has changed nothing.
    """

    def __init__(self, clock: Callable[[], float], room: Room) -> None:
        self._clock = clock
        self._room = room
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

    async def enter(
        self, attempt: Callable[[], T | None], patience: float | None, size: int = 0
    ) -> T | None:
        """The first answer of `attempt` that is not None; None after `patience` seconds.

        An exception of `attempt` leaves the line and goes to the caller.

        Args:
            attempt: Tries; None when it is to be tried again.
            patience: Seconds; None is without end.
            size: Bytes that the call holds while it waits.

        Raises:
            MazemeshError: the one given to `close`.
            ResourceExhausted: it would have to wait, and there is no room for it.
        """
        if not self._line and self._closed is None:
            answer = attempt()
            if answer is not None:
                return answer
        self._room.enter(size)
        ticket = _Ticket(self._clock())
        self._line.append(ticket)
        try:
            async with asyncio.timeout(patience):
                return await self._turn(ticket, attempt)
        except TimeoutError:
            return None
        finally:
            self._room.leave(size)
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
