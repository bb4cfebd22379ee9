"""Tickets in memory: they do not outlive the process, as the streams that wait on them do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted
from services.matchmaker.lobby.tickets import ENDED, Ticket


def waits_already(ticket: Ticket, other: str) -> AlreadyExists:
    """The player has another live ticket on the ladder."""
    return AlreadyExists(
        f"player: {ticket.wish.player!r} waits on ladder {ticket.wish.ladder!r} already, "
        f"with ticket {other}; cancel that first"
    )


def too_many(most: int) -> ResourceExhausted:
    """As many as may wait do."""
    return ResourceExhausted(f"{most} players are waiting already; try later", retry_after=5.0)


def unknown(ticket_id: str) -> NotFound:
    """There is no such ticket."""
    return NotFound(f"ticket_id: no ticket {ticket_id!r}, or it ended long ago")


class LocalLeaders:
    """A `LeaderStore` of one process, which has every task to itself."""

    async def hold(self, task: str, owner: str, seconds: float) -> int | None:
        """See `LeaderStore`."""
        return 1

    async def leave(self, task: str, owner: str) -> None:
        """See `LeaderStore`."""


class MemoryTickets:
    """A `TicketStore` in one process; no method awaits anything, so each is atomic.

    Of tickets that ended the newest `max_tickets` are kept.
    """

    def __init__(self, max_tickets: int) -> None:
        self._max_tickets = max_tickets
        self._tickets: dict[str, Ticket] = {}
        self._by_request: dict[str, str] = {}
        self._live: dict[tuple[str, str], str] = {}
        self._ended: dict[str, None] = {}

    async def add(self, ticket: Ticket) -> Ticket:
        """See `TicketStore`."""
        known = self._by_request.get(ticket.request_id)
        if known is not None:
            return self._tickets[known]
        key = _key(ticket)
        if key in self._live:
            raise waits_already(ticket, self._live[key])
        if len(self._live) >= self._max_tickets:
            raise too_many(self._max_tickets)
        self._tickets[ticket.ticket_id] = ticket
        self._by_request[ticket.request_id] = ticket.ticket_id
        self._live[key] = ticket.ticket_id
        return ticket

    async def get(self, ticket_id: str) -> Ticket:
        """See `TicketStore`."""
        try:
            return self._tickets[ticket_id]
        except KeyError:
            raise unknown(ticket_id) from None

    async def find(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """See `TicketStore`."""
        return [self._tickets[one] for one in ticket_ids if one in self._tickets]

    async def swap(
        self, changes: Sequence[tuple[Ticket, Ticket]], fence: int | None = None
    ) -> bool:
        """See `TicketStore`; one process has no others that a fence would keep out."""
        if any(self._tickets.get(old.ticket_id) not in (old, new) for old, new in changes):
            return False
        for old, new in changes:
            self._tickets[old.ticket_id] = new
            if new.state in ENDED and old.state not in ENDED:
                self._live.pop(_key(new), None)
                self._ended[new.ticket_id] = None
                while len(self._ended) > self._max_tickets:
                    self._forget(next(iter(self._ended)))
        return True

    async def live(self) -> list[Ticket]:
        """See `TicketStore`."""
        found = [self._tickets[ticket_id] for ticket_id in self._live.values()]
        return sorted(found, key=lambda ticket: (ticket.since, ticket.ticket_id))

    async def count(self) -> int:
        """See `TicketStore`."""
        return len(self._live)

    async def prune(self, ended_before: float) -> None:
        """See `TicketStore`."""
        while self._ended:
            oldest = next(iter(self._ended))
            if self._tickets[oldest].end_time >= ended_before:
                return
            self._forget(oldest)

    async def beat(self, instance: str) -> None:
        """See `TicketStore`; there is no other instance."""

    async def gone(self, instances: Collection[str]) -> set[str]:
        """See `TicketStore`."""
        return set()

    def _forget(self, ticket_id: str) -> None:
        del self._ended[ticket_id]
        del self._by_request[self._tickets.pop(ticket_id).request_id]


def _key(ticket: Ticket) -> tuple[str, str]:
    return ticket.wish.player, ticket.wish.ladder
