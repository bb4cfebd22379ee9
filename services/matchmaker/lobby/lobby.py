"""Players who wait for each other: tickets in, seats out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    MazemeshError,
    ResourceExhausted,
    Unavailable,
)
from services._harness.broadcast import wait
from services._harness.pacing import paced
from services.matchmaker.lobby.grouping import groups
from services.matchmaker.lobby.tickets import (
    ENDED,
    Seat,
    Ticket,
    TicketState,
    Window,
    Wish,
    expired,
    wants_bot,
)
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer
from services.matchmaker.rating.players import nearest_bots
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.setup import CreatedMatch, MatchSetup
from services.matchmaker.store import TicketStore

_log = structlog.get_logger(__name__)

# How often waiting tickets are looked at; windows and bots come due in between.
_TICK = 0.25
_RETRY = 1.0  # after Game refused
_MOST_STREAMS = 4  # of one ticket: a client that comes back may leave dead ones behind
_MOST_AT_ONCE = 256  # matches that are begun by one look; the others wait for the next
_FEW = 256  # tickets that are put together in a moment; more take a thread
_KEEP_ENDED = 120.0  # a repeated request still finds its match


@dataclass(frozen=True, slots=True)
class Waiting:
    """News of a ticket: as it is now, its window (Elo), and how many wait on all ladders."""

    ticket: Ticket
    window: float
    tickets: int


class Lobby:
    """Tickets from arrival to their end; belongs to one event loop.

    Args:
        tickets: Where they are kept.
        numbers: Ids and seeds for matches.
        ratings: Where ratings come from.
        game: Where matches are created.
        window: How far ratings may be apart.
        grace: Seconds that a ticket outlives its stream.
        heartbeat: Longest silence, seconds, on a stream.
        clock: Seconds.
        rng: Draws who gets which place.
        waited: Told the seconds from each ticket to its match.
    """

    def __init__(
        self,
        tickets: TicketStore,
        numbers: Numbers,
        ratings: Ratings,
        game: GamePeer,
        *,
        window: Window,
        grace: float,
        heartbeat: float,
        clock: Callable[[], float],
        rng: np.random.Generator,
        waited: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._tickets = tickets
        self._numbers = numbers
        self._ratings = ratings
        self._game = game
        self._window = window
        self._grace = grace
        self._heartbeat = heartbeat
        self._clock = clock
        self._rng = rng
        self._waited = waited
        self._wake = asyncio.Event()
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Players that waited when last looked."""
        return self._waiting

    async def enter(self, request_id: str, wish: Wish) -> Ticket:
        """A ticket for the wish: a new one, or the one that this request made before.

        Raises:
            AlreadyExists: the request id was used for another wish, or the player waits already.
        """
        rating = await self._ratings.rating(wish.ladder, wish.player)
        now = self._clock()
        # Nobody listens yet: it must be followed before it can be matched.
        new = Ticket(str(uuid.uuid4()), request_id, wish, rating, now, gone_since=now)
        ticket = await self._tickets.add(new)
        if ticket.wish != wish:
            raise AlreadyExists(f"request_id: {request_id!r} was used for another request")
        self._wake.set()
        return ticket

    async def follow(self, ticket_id: str) -> AsyncGenerator[Waiting]:
        """News of a ticket, at once, at each change of its window, as heartbeat, and at its end.

        Once no stream follows a waiting ticket any more, its grace begins.

        Raises:
            NotFound: no such ticket.
            ResourceExhausted: too many streams follow it.
            Unavailable: the lobby was closed.
        """
        if len(self._followers.get(ticket_id, ())) >= _MOST_STREAMS:
            raise ResourceExhausted(
                f"ticket {ticket_id} is followed by {_MOST_STREAMS} streams already; close one"
            )
        changed = asyncio.Event()
        self._followers.setdefault(ticket_id, set()).add(changed)
        try:
            await self._update(ticket_id, lambda ticket: replace(ticket, gone_since=None))
            self._wake.set()
            while not self._closed:
                ticket = await self._expire(await self._tickets.get(ticket_id))
                waited = self._clock() - ticket.since
                yield Waiting(ticket, self._window.after(waited), max(self._waiting, 1))
                if ticket.state in ENDED:
                    return
                await _wait(changed, self._silence(ticket, waited))
            raise Unavailable("the Matchmaker is stopping; ask again")
        finally:
            self._followers[ticket_id].discard(changed)
            if not self._followers[ticket_id]:
                del self._followers[ticket_id]
                now = self._clock()
                await self._update(ticket_id, lambda ticket: replace(ticket, gone_since=now))

    async def cancel(self, ticket_id: str) -> None:
        """Withdraws a waiting ticket; again is fine.

        Raises:
            NotFound: no such ticket.
            FailedPrecondition: it is matched, about to be, or expired.
        """
        while True:
            ticket = await self._tickets.get(ticket_id)
            if ticket.state is TicketState.CANCELLED:
                return
            if ticket.state is not TicketState.WAITING:
                raise FailedPrecondition(
                    f"ticket {ticket_id} is {ticket.state.value} and cannot be cancelled"
                )
            ended = replace(ticket, state=TicketState.CANCELLED, end_time=self._clock())
            if await self._swap(ticket, ended):
                return

    async def close(self) -> None:
        """Ends all streams, for tickets do not outlive the process."""
        self._closed = True
        for events in self._followers.values():
            for event in events:
                event.set()

    async def run(self) -> None:
        """Matches tickets without end."""
        while True:
            await _wait(self._wake, _TICK if self._waiting else None)
            refused = await self.match()
            if refused:
                await asyncio.sleep(_RETRY)

    async def match(self) -> bool:
        """Looks at all tickets once. Returns whether Game refused a match that should begin."""
        now = self._clock()
        await self._tickets.prune(now - _KEEP_ENDED)
        waiting = [
            ticket
            async for ticket in paced(await self._tickets.waiting())
            if not await self._swept(ticket, now)
        ]
        if len(waiting) <= _FEW:
            found = self._groups(waiting, now)
        else:
            found = await asyncio.to_thread(self._groups, waiting, now)
        if len(found) > _MOST_AT_ONCE:
            self._wake.set()
        seated = {ticket.ticket_id for group in found for ticket in group}
        alone = [one for one in waiting if one.ticket_id not in seated and wants_bot(one, now)]
        begun = await asyncio.gather(
            *(self._begin(group, ()) for group in found[:_MOST_AT_ONCE]),
            *(self._begin_with_bots(ticket) for ticket in alone[:_MOST_AT_ONCE]),
        )
        self._waiting = len(await self._tickets.waiting())
        return not all(begun)

    def _groups(self, waiting: Sequence[Ticket], now: float) -> list[list[Ticket]]:
        queues: dict[tuple[str, bool], list[Ticket]] = {}
        for ticket in waiting:
            queues.setdefault((ticket.wish.ladder, ticket.wish.rated), []).append(ticket)
        return [group for queue in queues.values() for group in groups(queue, self._window, now)]

    async def _begin_with_bots(self, ticket: Ticket) -> bool:
        """As `_begin`, with the nearest bots in rating for all other seats, if there are enough."""
        bots = nearest_bots(
            ticket.wish.bots, ticket.rating, await self._ratings.of(ticket.wish.ladder)
        )
        wanted = ticket.wish.size - 1
        return wanted > len(bots) or await self._begin([ticket], bots[:wanted])

    async def _begin(self, group: Sequence[Ticket], bots: Sequence[str]) -> bool:
        """Creates a match and seats the group; when that fails all of them wait again."""
        if not await self._hold(group):
            return True
        try:
            order = self._rng.permutation(len(group) + len(bots))
            names = [*(ticket.wish.player for ticket in group), *bots]
            participants = [names[index] for index in order]
            created = await self._create(group[0].wish, participants)
            seats = {one.ticket_id: _seat(created, participants, one.wish.player) for one in group}
        except BaseException as error:
            for ticket in group:
                await self._release(ticket.ticket_id)
            if not isinstance(error, MazemeshError):
                raise
            _log.warning("match could not be created, players wait on", reason=str(error))
            return False
        for ticket in group:
            await self._end(ticket.ticket_id, TicketState.MATCHED, seats[ticket.ticket_id])
            self._waited(self._clock() - ticket.since)
        return True

    async def _hold(self, group: Sequence[Ticket]) -> bool:
        """Takes all tickets of the group out of the queue, or none of them."""
        for index, ticket in enumerate(group):
            if not await self._tickets.swap(ticket, replace(ticket, state=TicketState.MATCHING)):
                for other in group[:index]:
                    await self._release(other.ticket_id)
                return False
        return True

    async def _release(self, ticket_id: str) -> None:
        await self._update(ticket_id, lambda one: replace(one, state=TicketState.WAITING))

    async def _create(self, wish: Wish, participants: Sequence[str]) -> CreatedMatch:
        identity = (await self._numbers.take(wish.ladder, 1))[0]
        setup = MatchSetup(
            identity.match_id,
            wish.game,
            wish.settings,
            identity.seed,
            tuple(participants),
            rated=wish.rated,
            rotations=1,
        )
        return (await self._game.create([setup]))[0]

    def _silence(self, ticket: Ticket, waited: float) -> float:
        """Seconds until the ticket's stream has something to say."""
        change = self._window.next_change(waited)
        remaining = ticket.wish.max_wait - waited
        # A ticket that is being matched may be past its time; its end comes with an event.
        ends = remaining if remaining > 0.0 else self._heartbeat
        return min(self._heartbeat, ends, self._heartbeat if change is None else change)

    async def _expire(self, ticket: Ticket) -> Ticket:
        """The ticket, expired if its time is up."""
        await self._swept(ticket, self._clock())
        return await self._tickets.get(ticket.ticket_id)

    async def _swept(self, ticket: Ticket, now: float) -> bool:
        """Whether the ticket's time is up; then it has expired."""
        if not expired(ticket, self._grace, now):
            return False
        ended = replace(ticket, state=TicketState.EXPIRED, end_time=now)
        return await self._swap(ticket, ended)

    async def _end(self, ticket_id: str, state: TicketState, seat: Seat | None = None) -> None:
        """Ends a ticket that only the caller may end."""
        now = self._clock()
        await self._update(
            ticket_id, lambda one: replace(one, state=state, end_time=now, seat=seat)
        )

    async def _update(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> None:
        """Changes a ticket that has not ended, however often others change it meanwhile."""
        while True:
            ticket = await self._tickets.get(ticket_id)
            if ticket.state in ENDED or await self._swap(ticket, change(ticket)):
                return

    async def _swap(self, old: Ticket, new: Ticket) -> bool:
        """Replaces a ticket and tells its streams when it has ended; False when it changed."""
        if not await self._tickets.swap(old, new):
            return False
        if new.state in ENDED:
            for event in self._followers.get(new.ticket_id, ()):
                event.set()
        return True


def _seat(created: CreatedMatch, participants: Sequence[str], player: str) -> Seat:
    """Where a participant sits: in a time trial each has a game of its own."""
    index = participants.index(player)
    for game in created.games:
        for seat, participant in enumerate(game.seat_participants):
            if participant == index:
                token = game.seat_tokens[seat]
                return Seat(
                    created.match_id,
                    game.game_id,
                    token,
                    seat,
                    tuple(participants),
                    created.game_address,
                )
    raise RuntimeError(f"Game made no seat for {player!r} in match {created.match_id}")


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    """Returns when the event is set, which it clears, or after the time."""
    if await wait(event, seconds):
        event.clear()
