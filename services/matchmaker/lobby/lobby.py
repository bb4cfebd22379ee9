"""Players who wait for each other: tickets in, seats out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from services._harness.notices import Look
from services.matchmaker.lobby.desk import Desk, pause
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState, Window, Wish, released
from services.matchmaker.rating.ratings import Ratings

_log = structlog.get_logger(__name__)

_MOST_STREAMS = 4  # of one ticket: a client that comes back may leave dead ones behind
_LOOK_SECONDS = 1.0  # how often is looked what other instances did


@dataclass(frozen=True, slots=True)
class Waiting:
    """News of a ticket: as it is now, its window (Elo), and how many wait on all ladders."""

    ticket: Ticket
    window: float
    tickets: int


class Lobby:
    """The players' side, at each instance; belongs to one event loop.

    A ticket may be followed at any instance, and is matched by whichever puts players together.
    While the store is away, streams wait; tickets that it lost come back by those who follow them.

    Args:
        desk: The tickets.
        ratings: Where ratings come from.
        instance: Names this one.
        window: How far ratings may be apart.
        heartbeat: Longest silence, seconds, on a stream.
    """

    def __init__(
        self, desk: Desk, ratings: Ratings, *, instance: str, window: Window, heartbeat: float
    ) -> None:
        self._desk = desk
        self._ratings = ratings
        self._instance = instance
        self._window = window
        self._heartbeat = heartbeat
        # Tickets that are followed here, as they were last seen.
        self._seen: dict[str, Ticket] = {}
        self._closed = False
        self.waiting = 0
        """Players that waited when last counted, on all instances."""

    async def enter(self, request_id: str, wish: Wish) -> Ticket:
        """A ticket for the wish: a new one, or the one that this request made before.

        Raises:
            AlreadyExists: the request id was used for another wish, or the player waits already.
            Unavailable: the store of tickets is away.
        """
        rating = await self._ratings.rating(wish.ladder, wish.player)
        now = self._desk.clock()
        # Nobody listens yet: it must be followed before it can be matched.
        new = Ticket(str(uuid.uuid4()), request_id, wish, rating, now, gone_since=now)
        ticket = await self._desk.store.add(new)
        if ticket.wish != wish:
            raise AlreadyExists(f"request_id: {request_id!r} was used for another request")
        return ticket

    async def follow(self, ticket_id: str) -> AsyncGenerator[Waiting]:
        """News of a ticket, at once, at each change of its window, as heartbeat, and at its end.

        Once no stream follows a waiting ticket any more, its grace begins.

        Raises:
            NotFound: no such ticket.
            ResourceExhausted: too many streams follow it.
            Unavailable: the lobby was closed.
        """
        if self._desk.streams(ticket_id) >= _MOST_STREAMS:
            raise ResourceExhausted(
                f"ticket {ticket_id} is followed by {_MOST_STREAMS} streams already; close one"
            )
        changed = self._desk.follow(ticket_id)
        try:
            self._seen[ticket_id] = await self._desk.update(ticket_id, self._heard)
            self._desk.come()
            while not self._closed:
                ticket = await self._present(ticket_id)
                waited = self._desk.clock() - ticket.since
                yield Waiting(ticket, self._window.after(waited), max(self.waiting, 1))
                if ticket.state in ENDED:
                    return
                await pause(changed, self._silence(ticket, waited))
            raise Unavailable("the Matchmaker is stopping; ask again")
        finally:
            if self._desk.leave(ticket_id, changed):
                self._seen.pop(ticket_id, None)
                with suppress(NotFound, Unavailable):
                    await self._desk.update(ticket_id, self._unheard)

    async def cancel(self, ticket_id: str, owner: str | None = None) -> None:
        """Withdraws a waiting ticket; again is fine. `owner`: who may; None is anybody.

        Raises:
            NotFound: no such ticket of this owner.
            FailedPrecondition: it is matched, about to be, or expired.
        """
        while True:
            ticket = await self._desk.store.get(ticket_id)
            if owner not in (None, ticket.wish.owner):
                raise NotFound(f"ticket_id: no ticket {ticket_id!r} of this key")
            if ticket.state is TicketState.CANCELLED:
                return
            if ticket.state is not TicketState.WAITING:
                raise FailedPrecondition(
                    f"ticket {ticket_id} is {ticket.state.value} and cannot be cancelled"
                )
            now = self._desk.clock()
            ended = replace(ticket, state=TicketState.CANCELLED, end_time=now)
            if await self._desk.swap((ticket, ended)):
                return

    async def close(self) -> None:
        """Ends all streams."""
        self._closed = True
        self._desk.tell_all()

    async def watch(self, look: Look) -> None:
        """Sees what other instances did, and tells them that this one lives; without end."""
        away = False
        while True:
            try:
                await self.look()
                away = False
            except (ResourceExhausted, Unavailable) as error:
                if not away:
                    _log.warning("tickets cannot be seen, streams wait", reason=str(error))
                away = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await look.wait()

    async def look(self) -> None:
        """Wakes the streams of tickets that others changed."""
        await self._desk.store.beat(self._instance)
        self.waiting = await self._desk.store.count()
        followed = self._desk.followed
        there = {one.ticket_id: one for one in await self._desk.store.find(followed)}
        for ticket_id in followed:
            ticket = there.get(ticket_id)
            if ticket is None or ticket.state in ENDED or ticket.gone_since is not None:
                self._desk.tell(ticket_id)

    async def _present(self, ticket_id: str) -> Ticket:
        """The ticket as it is, or as it was last seen while the store is away."""
        try:
            ticket = await self._looked_up(ticket_id)
        except Unavailable:
            return self._seen[ticket_id]
        self._seen[ticket_id] = ticket
        return ticket

    async def _looked_up(self, ticket_id: str) -> Ticket:
        try:
            ticket = await self._desk.update(ticket_id, self._heard)
        except NotFound:
            ticket = await self._restored(self._seen[ticket_id])
        if await self._desk.swept(ticket, self._desk.clock()):
            return await self._desk.store.get(ticket_id)
        return ticket

    async def _restored(self, ticket: Ticket) -> Ticket:
        """Puts a ticket back that the store has lost.

        Raises:
            NotFound: it had ended, long ago.
            Unavailable: the request has another ticket by now.
        """
        if ticket.state in ENDED:
            raise NotFound(f"ticket {ticket.ticket_id} ended long ago")
        found = await self._desk.store.add(self._heard(released(ticket)))
        if found.ticket_id != ticket.ticket_id:
            raise NotFound(f"ticket {ticket.ticket_id} was lost; ask again")
        _log.warning("a lost ticket was put back", ticket_id=ticket.ticket_id)
        self._desk.come()
        return found

    def _heard(self, ticket: Ticket) -> Ticket:
        if ticket.gone_since is None and ticket.listener:
            return ticket  # of several instances that listen, one is enough
        return replace(ticket, gone_since=None, listener=self._instance)

    def _unheard(self, ticket: Ticket) -> Ticket:
        if ticket.listener not in ("", self._instance):
            return ticket  # somebody listens at another instance
        return replace(ticket, gone_since=self._desk.clock())

    def _silence(self, ticket: Ticket, waited: float) -> float:
        """Seconds until the ticket's stream has something to say."""
        change = self._window.next_change(waited)
        remaining = ticket.wish.max_wait - waited
        # A ticket that is being matched may be past its time; its end comes with an event.
        ends = remaining if remaining > 0.0 else self._heartbeat
        return min(self._heartbeat, ends, self._heartbeat if change is None else change)
