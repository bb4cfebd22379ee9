"""What streams and the matching do to tickets: changes, and who is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from services._harness.broadcast import wait
from services._harness.notices import Notices
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState, expired
from services.matchmaker.store import TicketStore

TOPIC = "matchmaker.tickets"
"""Of notices: a ticket came or ended."""


class Desk:
    """Tickets, with the streams of this instance that follow them; belongs to one event loop.

    Args:
        store: Where tickets are kept.
        notices: Which tell other instances to look.
        grace: Seconds that a ticket outlives its stream.
        clock: Seconds.

    Attributes:
        wake: Set when there is something to match.
    """

    def __init__(
        self, store: TicketStore, notices: Notices, grace: float, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.clock = clock
        self.wake = asyncio.Event()
        self._notices = notices
        self._grace = grace
        self._followers: dict[str, set[asyncio.Event]] = {}

    @property
    def followed(self) -> list[str]:
        """Tickets that streams of this instance follow."""
        return list(self._followers)

    def streams(self, ticket_id: str) -> int:
        """How many of these follow a ticket."""
        return len(self._followers.get(ticket_id, ()))

    def follow(self, ticket_id: str) -> asyncio.Event:
        """An event that is set when there is news of the ticket."""
        event = asyncio.Event()
        self._followers.setdefault(ticket_id, set()).add(event)
        return event

    def leave(self, ticket_id: str, event: asyncio.Event) -> bool:
        """Ends a stream; True when it was the last that followed the ticket here."""
        self._followers[ticket_id].discard(event)
        if self._followers[ticket_id]:
            return False
        del self._followers[ticket_id]
        return True

    def tell(self, ticket_id: str) -> None:
        """Wakes the streams that follow a ticket."""
        for event in self._followers.get(ticket_id, ()):
            event.set()

    def tell_all(self) -> None:
        """Wakes all streams."""
        for ticket_id in self.followed:
            self.tell(ticket_id)

    def come(self) -> None:
        """There is a ticket to be matched, here or where that is done."""
        self.wake.set()
        self._notices.publish(TOPIC)

    async def swap(self, *changes: tuple[Ticket, Ticket], fence: int | None = None) -> bool:
        """Replaces tickets, all or none, and tells of those that ended."""
        if not await self.store.swap(changes, fence):
            return False
        ended = [new for _, new in changes if new.state in ENDED]
        for ticket in ended:
            self.tell(ticket.ticket_id)
        if ended:
            self._notices.publish(TOPIC)
        return True

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
        if not expired(ticket, self._grace, now):
            return False
        return await self.swap((ticket, replace(ticket, state=TicketState.EXPIRED, end_time=now)))


async def pause(event: asyncio.Event, seconds: float | None) -> None:
    """Returns when the event is set, which it clears, or after the time."""
    if await wait(event, seconds):
        event.clear()
