"""Tickets of a front end that holds many players, all followed by one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mazemesh.errors import FailedPrecondition, MazemeshError, NotFound, ResourceExhausted
from services._harness.broadcast import wait
from services.matchmaker.lobby.lobby import Lobby, Waiting, stopping
from services.matchmaker.lobby.tickets import ENDED, Ticket, Wish

MOST_TICKETS = 10_000
"""That one stream follows at once."""


class Bundle:
    """Follows tickets from when they enter to when they end; belongs to one event loop.

    Whoever uses it calls `close`, after which the grace of tickets begins that have not ended.
    """

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._desk = lobby.desk
        self._news = asyncio.Event()
        self._changed: dict[str, None] = {}
        self._followers: dict[str, _Follower] = {}
        # Tickets whose answer has not been said yet: their end is told after it.
        self._entering: set[str] = set()

    def __len__(self) -> int:
        """How many tickets it follows."""
        return len(self._followers)

    async def enter(self, wanted: Sequence[tuple[str, Wish]]) -> list[Waiting | MazemeshError]:
        """A ticket for each wish, as `Lobby.enter`: how it stands, or why there is none.

        What becomes of them is told by `news` once `answered` was called.
        """
        if len(self._followers) + len(wanted) > MOST_TICKETS:
            full = ResourceExhausted(
                f"find: one stream follows {MOST_TICKETS} tickets at once; open another"
            )
            return [full for _ in wanted]
        told: list[Waiting | MazemeshError] = []
        followed: list[str] = []
        for one in await self._lobby.enter_each(wanted):
            try:
                told.append(one if isinstance(one, MazemeshError) else self._follow(one))
            except ResourceExhausted as error:
                told.append(error)
            else:
                followed += [one.ticket_id] if isinstance(one, Ticket) else []
        self._entering.update(followed)
        for ticket in await self._lobby.listen(followed):
            if ticket.state in ENDED:
                self._changed[ticket.ticket_id] = None
        return told

    def answered(self) -> None:
        """The answers that `enter` gave are on their way."""
        self._entering.clear()
        self.wake()

    def wake(self) -> None:
        """Lets `news` return."""
        self._news.set()

    async def cancel(self, ticket_ids: Collection[str], owner: str | None) -> None:
        """Withdraws tickets, as `Lobby.cancel`; those that cannot be end as they will."""
        for ticket_id in ticket_ids:
            try:
                await self._lobby.cancel(ticket_id, owner)
            except (FailedPrecondition, NotFound):
                continue

    async def news(self) -> list[Ticket | Lost]:
        """Tickets that ended, and those that are lost, which the bundle then follows no more.

        Returns when there are any, when it was woken, and when the heartbeat is due.

        Raises:
            Unavailable: the lobby was closed.
        """
        await wait(self._news, self._lobby.heartbeat)
        if self._lobby.closed:
            raise stopping()
        self._news.clear()
        changed = [one for one in self._changed if one not in self._entering]
        for ticket_id in changed:
            del self._changed[ticket_id]
        found = {one.ticket_id: one for one in await self._desk.store.find(changed)}
        told: list[Ticket | Lost] = []
        for ticket_id in changed:
            ticket = found.get(ticket_id)
            try:
                if ticket is None or ticket.state not in ENDED:
                    ticket = await self._lobby.present(ticket_id)
            except MazemeshError as error:
                told.append(Lost(self._followers[ticket_id].request_id, ticket_id, error))
            else:
                if ticket.state in ENDED:
                    told.append(ticket)
        await self._leave([one.ticket_id for one in told])
        return told

    async def close(self) -> None:
        """Follows nothing any more."""
        await self._leave(list(self._followers))

    def told(self, ticket_id: str) -> None:
        """There is news of a ticket."""
        if ticket_id in self._followers:
            self._changed[ticket_id] = None
            self._news.set()

    def _follow(self, ticket: Ticket) -> Waiting:
        if ticket.ticket_id not in self._followers:
            follower = _Follower(self, ticket)
            self._lobby.begin(ticket.ticket_id, follower)
            self._followers[ticket.ticket_id] = follower
        return self._lobby.waiting_now(ticket)

    async def _leave(self, ticket_ids: Sequence[str]) -> None:
        leaving = {one: self._followers.pop(one) for one in ticket_ids if one in self._followers}
        for ticket_id in leaving:
            self._changed.pop(ticket_id, None)
        await self._lobby.end_each(leaving)


@dataclass(frozen=True, slots=True)
class Lost:
    """A ticket that is not there any more, and could not be put back."""

    request_id: str
    ticket_id: str
    error: MazemeshError


class _Follower:
    """Tells a bundle that there is news of one of its tickets."""

    __slots__ = ("_bundle", "_ticket_id", "request_id")

    def __init__(self, bundle: Bundle, ticket: Ticket) -> None:
        self._bundle = bundle
        self._ticket_id = ticket.ticket_id
        self.request_id = ticket.request_id

    def set(self) -> None:
        """See `Follower`."""
        self._bundle.told(self._ticket_id)
