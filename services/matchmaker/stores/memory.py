"""Tickets in memory: they do not outlive the process, as the streams that wait on them do not."""

from __future__ import annotations

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState


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
            raise AlreadyExists(
                f"player: {ticket.wish.player!r} waits on ladder {ticket.wish.ladder!r} already, "
                f"with ticket {self._live[key]}; cancel that first"
            )
        if len(self._live) >= self._max_tickets:
            raise ResourceExhausted(
                f"{self._max_tickets} players are waiting already; try later", retry_after=5.0
            )
        self._tickets[ticket.ticket_id] = ticket
        self._by_request[ticket.request_id] = ticket.ticket_id
        self._live[key] = ticket.ticket_id
        return ticket

    async def get(self, ticket_id: str) -> Ticket:
        """See `TicketStore`."""
        try:
            return self._tickets[ticket_id]
        except KeyError:
            raise NotFound(f"ticket_id: no ticket {ticket_id!r}, or it ended long ago") from None

    async def swap(self, old: Ticket, new: Ticket) -> bool:
        """See `TicketStore`."""
        if self._tickets.get(old.ticket_id) != old:
            return False
        self._tickets[old.ticket_id] = new
        if new.state in ENDED and old.state not in ENDED:
            self._live.pop(_key(new), None)
            self._ended[new.ticket_id] = None
            while len(self._ended) > self._max_tickets:
                self._forget(next(iter(self._ended)))
        return True

    async def waiting(self) -> list[Ticket]:
        """See `TicketStore`."""
        tickets = (self._tickets[ticket_id] for ticket_id in self._live.values())
        found = [ticket for ticket in tickets if ticket.state is TicketState.WAITING]
        return sorted(found, key=lambda ticket: (ticket.since, ticket.ticket_id))

    async def prune(self, ended_before: float) -> None:
        """See `TicketStore`."""
        while self._ended:
            oldest = next(iter(self._ended))
            if self._tickets[oldest].end_time >= ended_before:
                return
            self._forget(oldest)

    def _forget(self, ticket_id: str) -> None:
        del self._ended[ticket_id]
        del self._by_request[self._tickets.pop(ticket_id).request_id]


def _key(ticket: Ticket) -> tuple[str, str]:
    return ticket.wish.player, ticket.wish.ladder
