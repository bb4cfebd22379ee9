"""Tickets in memory: as they are while their process lives."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mazemesh.errors import AlreadyExists, MazemeshError, NotFound, Reason, ResourceExhausted
from services.matchmaker.lobby.tickets import ENDED, Ticket


def waits_already(ticket: Ticket, player: str, other: str) -> AlreadyExists:
    """A player has another live ticket on the ladder."""
    field = "player" if player == ticket.wish.player else "party"
    return AlreadyExists(
        f"{field}: {player!r} waits on ladder {ticket.wish.ladder!r} already, "
        f"with ticket {other}; cancel that first",
        reason=Reason.TICKET_WAITS,
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
        self._live: dict[str, None] = {}
        # The live ticket of a player on a ladder.
        self._players: dict[tuple[str, str], str] = {}
        self._ended: dict[str, None] = {}

    async def add(self, ticket: Ticket) -> Ticket:
        """See `TicketStore`."""
        return self.take(ticket)

    async def add_each(self, tickets: Sequence[Ticket]) -> list[Ticket | MazemeshError]:
        """See `TicketStore`."""
        return [self._taken(ticket) for ticket in tickets]

    def take(self, ticket: Ticket) -> Ticket:
        """`add`, at once."""
        known = self._by_request.get(ticket.request_id)
        if known is not None:
            return self._tickets[known]
        ladder = ticket.wish.ladder
        for player in ticket.wish.players:
            if (player, ladder) in self._players:
                raise waits_already(ticket, player, self._players[player, ladder])
        if len(self._live) >= self._max_tickets:
            raise too_many(self._max_tickets)
        self.put(ticket)
        return ticket

    def put(self, ticket: Ticket) -> None:
        """Takes in a ticket as it is, with no question asked: one that was kept elsewhere."""
        self._tickets[ticket.ticket_id] = ticket
        self._by_request[ticket.request_id] = ticket.ticket_id
        if ticket.state in ENDED:
            self._ended[ticket.ticket_id] = None
            return
        self._live[ticket.ticket_id] = None
        for player in ticket.wish.players:
            self._players[player, ticket.wish.ladder] = ticket.ticket_id

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
        """See `TicketStore`."""
        return (await self.swap_each([changes], fence))[0]

    async def swap_each(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None = None
    ) -> list[bool]:
        """See `TicketStore`; one process has no others that a fence would keep out."""
        return [self._swapped(changes) for changes in groups]

    async def live(self) -> list[Ticket]:
        """See `TicketStore`."""
        return [self._tickets[ticket_id] for ticket_id in self._live]

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

    def _taken(self, ticket: Ticket) -> Ticket | MazemeshError:
        try:
            return self.take(ticket)
        except MazemeshError as error:
            return error

    def _swapped(self, changes: Sequence[tuple[Ticket, Ticket]]) -> bool:
        if any(self._tickets.get(old.ticket_id) not in (old, new) for old, new in changes):
            return False
        for _, new in changes:
            self._replace(new)
        return True

    def _replace(self, new: Ticket) -> None:
        ticket_id = new.ticket_id
        self._tickets[ticket_id] = new
        if new.state not in ENDED or ticket_id not in self._live:
            return
        del self._live[ticket_id]
        for player in new.wish.players:
            self._players.pop((player, new.wish.ladder), None)
        self._ended[ticket_id] = None
        while len(self._ended) > self._max_tickets:
            self._forget(next(iter(self._ended)))

    def _forget(self, ticket_id: str) -> None:
        del self._ended[ticket_id]
        del self._by_request[self._tickets.pop(ticket_id).request_id]
