"""What streams and the matching do to tickets: changes, and who is told of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from services._harness.notices import Notices
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState, expired
from services.matchmaker.store import TicketStore

TOPIC = "matchmaker.tickets"
"""Of notices: a ticket came or ended."""


class Follower(Protocol):
    """Who is told that there is news of a ticket, as an `asyncio.Event` may be."""

    def set(self) -> None:
        """There is news; to be told again makes no difference."""


class Desk:
    """Tickets, with the streams of this instance that follow them; belongs to one event loop.

    Args:
        store: Where tickets are kept.
        notices: Which tell other instances to look.
        grace: Seconds that a ticket outlives its stream.
        clock: Seconds.
        is_shared: Whether other instances have these tickets, too.

    Attributes:
        wake: Set when there is something to match.
        ended: Tickets that ended by this instance, by how.
    """

    def __init__(
        self,
        store: TicketStore,
        notices: Notices,
        grace: float,
        clock: Callable[[], float],
        *,
        is_shared: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock
        self.grace = grace
        self.is_shared = is_shared
        self.wake = asyncio.Event()
        self.ended: Counter[TicketState] = Counter()
        self._notices = notices
        self._followers: dict[str, set[Follower]] = {}

    @property
    def followed(self) -> list[str]:
        """Tickets that streams of this instance follow."""
        return list(self._followers)

    def streams(self, ticket_id: str) -> int:
        """How many of these follow a ticket."""
        return len(self._followers.get(ticket_id, ()))

    def follow(self, ticket_id: str, follower: Follower) -> None:
        """From now on it is told when there is news of the ticket."""
        self._followers.setdefault(ticket_id, set()).add(follower)

    def leave(self, ticket_id: str, follower: Follower) -> bool:
        """Ends that; True when it was the last that followed the ticket here."""
        self._followers[ticket_id].discard(follower)
        if self._followers[ticket_id]:
            return False
        del self._followers[ticket_id]
        return True

    def tell(self, ticket_id: str) -> None:
        """Wakes those who follow a ticket."""
        for follower in self._followers.get(ticket_id, ()):
            follower.set()

    def tell_all(self) -> None:
        """Wakes all of them."""
        for ticket_id in self.followed:
            self.tell(ticket_id)

    def come(self) -> None:
        """There is a ticket to be matched, here or where that is done."""
        self.wake.set()
        if self.is_shared:
            self._notices.publish(TOPIC)

    async def swap(self, *changes: tuple[Ticket, Ticket], fence: int | None = None) -> bool:
        """Replaces tickets, all or none, and tells of those that ended."""
        return (await self.swap_each([changes], fence))[0]

    async def swap_each(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None = None
    ) -> list[bool]:
        """`swap` for each of many groups by itself; whether each was done."""
        if not groups:
            return []
        done = await self.store.swap_each(groups, fence)
        ended = [
            new
            for changes, was_done in zip(groups, done, strict=True)
            for _, new in changes
            if was_done and new.state in ENDED
        ]
        for ticket in ended:
            self.ended[ticket.state] += 1
            self.tell(ticket.ticket_id)
        if ended and self.is_shared:
            self._notices.publish(TOPIC)
        return done

    async def update(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
        """Changes a ticket that has not ended, however often others change it meanwhile.

        Returns it as it is then. Raises `NotFound`.
        """
        while True:
            ticket = await self.store.get(ticket_id)
            if ticket.state in ENDED:
                return ticket
            new = change(ticket)
            if new == ticket or await self.swap((ticket, new)):
                return new

    async def swept(self, ticket: Ticket, now: float) -> bool:
        """Whether the ticket's time is up; then it has expired."""
        if not expired(ticket, self.grace, now):
            return False
        return await self.swap((ticket, replace(ticket, state=TicketState.EXPIRED, end_time=now)))


async def pause(event: asyncio.Event, seconds: float | None) -> None:
    """Returns when the event is set, which it clears, or after the time."""
    if not event.is_set():
        # Thousands wait so: a timer costs less than a timeout, which cancels.
        timer = None
        if seconds is not None:
            timer = asyncio.get_running_loop().call_later(seconds, event.set)
        try:
            await event.wait()
        finally:
            if timer is not None:
                timer.cancel()
    event.clear()
