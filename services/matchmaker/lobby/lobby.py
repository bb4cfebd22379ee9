"""Players who wait for each other: tickets in, seats out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    MazemeshError,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from services._harness.notices import Look
from services._harness.pacing import paced
from services.matchmaker.lobby.desk import Desk, Follower, pause
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import (
    ENDED,
    Ticket,
    TicketState,
    Window,
    Wish,
    expired,
    released,
)

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
        seekers: Where ratings come from.
        instance: Names this one.
        window: How far ratings may be apart.
        heartbeat: Longest silence, seconds, on a stream.
    """

    def __init__(
        self, desk: Desk, seekers: Seekers, *, instance: str, window: Window, heartbeat: float
    ) -> None:
        self.desk = desk
        self.heartbeat = heartbeat
        self.closed = False
        self._seekers = seekers
        self._instance = instance
        self._window = window
        # Tickets that are followed here, as they were last seen.
        self._seen: dict[str, Ticket] = {}
        self.waiting = 0
        """Players that waited when last counted, on all instances."""

    async def enter(self, request_id: str, wish: Wish) -> Ticket:
        """A ticket for the wish: a new one, or the one that this request made before.

        Raises:
            AlreadyExists: the request id was used for another wish, or the player waits already.
            Unavailable: the store of tickets is away.
        """
        ticket = await self.desk.store.add(await self._made(request_id, wish))
        return _same(ticket, request_id, wish)

    async def enter_each(self, wanted: Sequence[tuple[str, Wish]]) -> list[Ticket | MazemeshError]:
        """`enter` for each of many: what it returns, or would raise."""
        made = [await self._made(request_id, wish) async for request_id, wish in paced(wanted)]
        found = await self.desk.store.add_each(made)
        told: list[Ticket | MazemeshError] = []
        for one, (request_id, wish) in zip(found, wanted, strict=True):
            try:
                told.append(one if isinstance(one, Exception) else _same(one, request_id, wish))
            except AlreadyExists as error:
                told.append(error)
        return told

    async def follow(self, ticket_id: str) -> AsyncGenerator[Waiting]:
        """News of a ticket, at once, at each change of its window, as heartbeat, and at its end.

        Once no stream follows a waiting ticket any more, its grace begins.

        Raises:
            NotFound: no such ticket.
            ResourceExhausted: too many streams follow it.
            Unavailable: the lobby was closed.
        """
        changed = asyncio.Event()
        self.begin(ticket_id, changed)
        try:
            ticket = await self._first(ticket_id)
            while not self.closed:
                waiting = self.waiting_now(ticket)
                yield waiting
                if ticket.state in ENDED:
                    return
                await pause(changed, self._silence(ticket, self.desk.clock() - ticket.since))
                ticket = await self.present(ticket_id)
            raise stopping()
        finally:
            await self.end(ticket_id, changed)

    def begin(self, ticket_id: str, follower: Follower) -> None:
        """Has news of a ticket told from now on, until `end`.

        Raises:
            ResourceExhausted: too many streams follow it.
        """
        if self.desk.streams(ticket_id) >= _MOST_STREAMS:
            raise ResourceExhausted(
                f"ticket {ticket_id} is followed by {_MOST_STREAMS} streams already; close one"
            )
        self.desk.follow(ticket_id, follower)

    async def end(self, ticket_id: str, follower: Follower) -> None:
        """Ends that; the grace of a ticket begins that nobody follows any more."""
        await self.end_each({ticket_id: follower})

    async def end_each(self, followers: Mapping[str, Follower]) -> None:
        """`end` for each of many tickets."""
        left = [one for one, follower in followers.items() if self.desk.leave(one, follower)]
        for ticket_id in left:
            self._seen.pop(ticket_id, None)
        with suppress(Unavailable):  # without its store, it is found out by who looks after tickets
            while left:
                found = await self.desk.store.find(left)
                waiting = [one for one in found if one.state not in ENDED]
                changes = [[(one, self._unheard(one))] for one in waiting]
                done = await self.desk.swap_each(changes)
                # Others changed some meanwhile.
                left = [
                    one.ticket_id
                    for one, was_done in zip(waiting, done, strict=True)
                    if not was_done and not self.desk.streams(one.ticket_id)
                ]

    async def listen(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """Tells that somebody follows tickets here; as they are then, those that are there."""
        while True:
            found = await self.desk.store.find(ticket_ids)
            heard = [one if one.state in ENDED else self._heard(one) for one in found]
            changes = [
                [(old, new)] for old, new in zip(found, heard, strict=True) if old is not new
            ]
            if all(await self.desk.swap_each(changes)):
                self._seen.update((one.ticket_id, one) for one in heard)
                self.desk.come()
                return heard

    def waiting_now(self, ticket: Ticket) -> Waiting:
        """What is told of a ticket."""
        waited = self.desk.clock() - ticket.since
        return Waiting(ticket, self._window.after(waited), max(self.waiting, 1))

    async def cancel(self, ticket_id: str, owner: str | None = None) -> None:
        """Withdraws a ticket, also while it is being matched: then the others wait on.

        Again is fine. `owner`: who may; None is anybody.

        Raises:
            NotFound: no such ticket of this owner.
            FailedPrecondition: it is matched, or expired.
        """
        while True:
            ticket = await self.desk.store.get(ticket_id)
            if owner not in (None, ticket.wish.owner):
                raise NotFound(f"ticket_id: no ticket {ticket_id!r} of this key")
            if ticket.state is TicketState.CANCELLED:
                return
            if ticket.state in ENDED:
                raise FailedPrecondition(
                    f"ticket {ticket_id} is {ticket.state.value} and cannot be cancelled"
                )
            now = self.desk.clock()
            ended = replace(released(ticket), state=TicketState.CANCELLED, end_time=now)
            if await self.desk.swap((ticket, ended)):
                return

    async def close(self) -> None:
        """Ends all streams."""
        self.closed = True
        self.desk.tell_all()

    async def watch(self, look: Look) -> None:
        """Sees what other instances did, and tells them that this one lives; without end."""
        away = False
        while True:
            began = self.desk.clock()
            try:
                await self.look()
                away = False
            except (ResourceExhausted, Unavailable) as error:
                if not away:
                    _log.warning("tickets cannot be seen, streams wait", reason=str(error))
                away = True
            # Where thousands are followed a look takes long, and notices come all the time.
            await asyncio.sleep(min(max(0.0, self.desk.clock() - began), 0.25))
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await look.wait()

    async def look(self) -> None:
        """Wakes the streams of tickets that others changed."""
        await self.desk.store.beat(self._instance)
        self.waiting = await self.desk.store.count()
        followed = self.desk.followed
        there = {one.ticket_id: one for one in await self.desk.store.find(followed)}
        for ticket_id in followed:
            ticket = there.get(ticket_id)
            if ticket is None or ticket.state in ENDED or ticket.gone_since is not None:
                self.desk.tell(ticket_id)

    async def _made(self, request_id: str, wish: Wish) -> Ticket:
        ratings = [await self._seekers.rating(wish.ladder, one) for one in wish.players]
        now = self.desk.clock()
        # Nobody listens yet: it must be followed before it can be matched.
        ticket_id, rating = str(uuid.uuid4()), sum(ratings) / len(ratings)
        return Ticket(ticket_id, request_id, wish, rating, now, gone_since=now)

    async def _first(self, ticket_id: str) -> Ticket:
        ticket = await self.desk.update(ticket_id, self._heard)
        self._seen[ticket_id] = ticket
        self.desk.come()
        if expired(ticket, self.desk.grace, self.desk.clock()):
            return await self.present(ticket_id)
        return ticket

    async def present(self, ticket_id: str) -> Ticket:
        """The ticket as it is, or as it was last seen while the store is away."""
        try:
            ticket = await self._looked_up(ticket_id)
        except Unavailable:
            return self._seen[ticket_id]
        self._seen[ticket_id] = ticket
        return ticket

    async def _looked_up(self, ticket_id: str) -> Ticket:
        try:
            ticket = await self.desk.update(ticket_id, self._heard)
        except NotFound:
            ticket = await self._restored(self._seen[ticket_id])
        if await self.desk.swept(ticket, self.desk.clock()):
            return await self.desk.store.get(ticket_id)
        return ticket

    async def _restored(self, ticket: Ticket) -> Ticket:
        """Puts a ticket back that the store has lost.

        Raises:
            NotFound: it had ended, long ago.
            Unavailable: the request has another ticket by now.
        """
        if ticket.state in ENDED:
            raise NotFound(f"ticket {ticket.ticket_id} ended long ago")
        found = await self.desk.store.add(self._heard(released(ticket)))
        if found.ticket_id != ticket.ticket_id:
            raise NotFound(f"ticket {ticket.ticket_id} was lost; ask again")
        _log.warning("a lost ticket was put back", ticket_id=ticket.ticket_id)
        self.desk.come()
        return found

    def _heard(self, ticket: Ticket) -> Ticket:
        if ticket.gone_since is None and ticket.listener:
            return ticket  # of several instances that listen, one is enough
        return replace(ticket, gone_since=None, listener=self._instance)

    def _unheard(self, ticket: Ticket) -> Ticket:
        if ticket.listener not in ("", self._instance):
            return ticket  # somebody listens at another instance
        return replace(ticket, gone_since=self.desk.clock())

    def _silence(self, ticket: Ticket, waited: float) -> float:
        """Seconds until the ticket's stream has something to say."""
        change = self._window.next_change(waited)
        remaining = ticket.wish.max_wait - waited
        # A ticket that is being matched may be past its time; its end comes with an event.
        if ticket.state is TicketState.MATCHING and remaining <= 0.0:
            remaining = self.heartbeat
        ends = max(remaining, 0.0)
        return min(self.heartbeat, ends, self.heartbeat if change is None else change)


def stopping() -> Unavailable:
    """What streams end with when the lobby was closed."""
    return Unavailable("the Matchmaker is stopping; ask again")


def _same(ticket: Ticket, request_id: str, wish: Wish) -> Ticket:
    if not ticket.wish.is_of(wish):
        raise AlreadyExists(f"request_id: {request_id!r} was used for another request")
    return ticket
