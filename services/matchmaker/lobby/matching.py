"""Puts waiting players together: one instance does at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import structlog

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from services._harness.pacing import paced
from services.matchmaker.lobby.desk import Desk, pause
from services.matchmaker.lobby.grouping import groups
from services.matchmaker.lobby.tickets import (
    Seat,
    Ticket,
    TicketState,
    Window,
    Wish,
    held,
    released,
    wants_bot,
)
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer
from services.matchmaker.rating.players import nearest_bots
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.setup import CreatedMatch, MatchSetup
from services.matchmaker.store import LOBBY, LeaderStore

_log = structlog.get_logger(__name__)

# How often waiting tickets are looked at; windows and bots come due in between.
_TICK = 0.25
_RETRY = 1.0  # after Game refused, or while the store is away
_MOST_AT_ONCE = 256  # matches that are begun by one look; the others wait for the next
_FEW = 256  # tickets that are put together in a moment; more take a thread
_KEEP_ENDED = 120.0  # a repeated request still finds its match
_HOLD_SECONDS = 15.0  # longer than Game may take to create a match
_TRIES = 10
# When an instance dies another takes over after _TURN_SECONDS and _RENEW_SECONDS at the latest.
_TURN_SECONDS = 3.0
_RENEW_SECONDS = 1.0


class Matching:
    """Matches tickets in its turn; belongs to one event loop.

    Whoever was stopped in the middle, and another took over: what it still writes is refused by its
    fence, and tickets that it held wait again after a while.

    Args:
        desk: The tickets.
        leaders: Whose turn it is.
        instance: Names this one.
        is_shared: Whether other instances have these tickets, too.
        numbers: Ids and seeds for matches.
        ratings: Where ratings come from.
        game: Where matches are created.
        window: How far ratings may be apart.
        rng: Draws who gets which place.
        waited: Told the seconds from each ticket to its match.
        gap: Told the Elo points between the best and the worst of each match of several players.

    Attributes:
        longest_wait: Seconds that the oldest ticket had waited at the last look.
    """

    def __init__(
        self,
        desk: Desk,
        leaders: LeaderStore,
        numbers: Numbers,
        ratings: Ratings,
        game: GamePeer,
        *,
        instance: str,
        is_shared: bool,
        window: Window,
        rng: np.random.Generator,
        waited: Callable[[float], None] = lambda _: None,
        gap: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._desk = desk
        self._leaders = leaders
        self._numbers = numbers
        self._ratings = ratings
        self._game = game
        self._instance = instance
        self._is_shared = is_shared
        self._window = window
        self._rng = rng
        self._waited = waited
        self._gap = gap
        self.longest_wait = 0.0
        self._waiting = 0
        self.fence: int | None = None
        """Under which this instance matches tickets; None while it is not its turn."""

    async def run(self) -> None:
        """Matches tickets without end, while it is this instance's turn."""
        await self._renew()
        renewing = asyncio.create_task(self._keep()) if self._is_shared else None
        try:
            while True:
                await pause(self._desk.wake, _TICK if self._is_shared or self._waiting else None)
                began = self._desk.clock()
                if self.fence is not None and await self._refused():
                    await asyncio.sleep(_RETRY)
                if self._is_shared:
                    # Where thousands wait a look takes long: streams have their turn, too.
                    await asyncio.sleep(max(0.0, self._desk.clock() - began))
        finally:
            if renewing is not None:
                renewing.cancel()
            with suppress(MazemeshError):
                await self._leaders.leave(LOBBY, self._instance)

    async def match(self) -> bool:
        """Looks at all tickets once. Returns whether Game refused a match that should begin."""
        now = self._desk.clock()
        store = self._desk.store
        await store.prune(now - _KEEP_ENDED)
        tickets = await store.live()
        listeners = {one.listener for one in tickets if one.gone_since is None} - {""}
        gone = await store.gone(listeners - {self._instance})
        waiting = [
            ready
            async for ticket in paced(tickets)
            if (ready := await self._looked_after(ticket, gone, now)) is not None
        ]
        self.longest_wait = max((now - ticket.since for ticket in waiting), default=0.0)
        if len(waiting) <= _FEW:
            found = self._groups(waiting, now)
        else:
            found = await asyncio.to_thread(self._groups, waiting, now)
        if len(found) > _MOST_AT_ONCE:
            self._desk.wake.set()
        seated = {ticket.ticket_id for group in found for ticket in group}
        alone = [one for one in waiting if one.ticket_id not in seated and wants_bot(one, now)]
        begun = await asyncio.gather(
            *(self._begin(group, ()) for group in found[:_MOST_AT_ONCE]),
            *(self._begin_with_bots(ticket) for ticket in alone[:_MOST_AT_ONCE]),
        )
        self._waiting = await store.count()
        return not all(begun)

    async def _refused(self) -> bool:
        """As `match`; True also while the store is away."""
        try:
            return await self.match()
        except (ResourceExhausted, Unavailable) as error:
            _log.warning("tickets cannot be matched, players wait on", reason=str(error))
            return True

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._renew()

    async def _renew(self) -> None:
        before = self.fence
        try:
            self.fence = await self._leaders.hold(LOBBY, self._instance, _TURN_SECONDS)
        except (ResourceExhausted, Unavailable):
            self.fence = None
        if self.fence is None:
            self.longest_wait = 0.0  # whoever looks now tells it
        if self._is_shared and (before is None) != (self.fence is None):
            _log.info("whose turn it is to match players changed", fence=self.fence)

    async def _looked_after(
        self, ticket: Ticket, gone: Collection[str], now: float
    ) -> Ticket | None:
        """The ticket if it waits: also one that somebody held for too long."""
        if ticket.state is TicketState.MATCHING:
            if ticket.held_until > now:
                return None
            ticket = await self._changed(ticket, released(ticket))
        if ticket.listener in gone and ticket.gone_since is None:
            # Its instance died, and could not say so itself.
            ticket = await self._changed(ticket, replace(ticket, gone_since=now))
        return None if await self._desk.swept(ticket, now) else ticket

    async def _changed(self, old: Ticket, new: Ticket) -> Ticket:
        # Where others were faster the ticket is as good as the old one: it cannot be held.
        return new if await self._desk.swap((old, new), fence=self.fence) else old

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
        fence, hold = self.fence, str(uuid.uuid4())
        until = self._desk.clock() + _HOLD_SECONDS
        if not await self._desk.swap(
            *((ticket, held(ticket, hold, until)) for ticket in group), fence=fence
        ):
            return True
        try:
            order = self._rng.permutation(len(group) + len(bots))
            names = [*(ticket.wish.player for ticket in group), *bots]
            participants = [names[index] for index in order]
            created = await self._create(group[0].wish, participants)
            seats = {one.ticket_id: _seat(created, participants, one.wish.player) for one in group}
        except BaseException as error:
            await self._release(group, hold)
            if not isinstance(error, MazemeshError):
                raise
            _log.warning("match could not be created, players wait on", reason=str(error))
            return False
        if not await self._sit(seats, hold, fence):
            _log.warning("tickets changed while their match was created", match=created.match_id)
            return True
        for ticket in group:
            self._waited(self._desk.clock() - ticket.since)
        if len(group) > 1:
            ratings = [ticket.rating for ticket in group]
            self._gap(max(ratings) - min(ratings))
        return True

    async def _sit(self, seats: Mapping[str, Seat], hold: str, fence: int | None) -> bool:
        """Ends all tickets that are held with their seats, or none of them."""
        for _ in range(_TRIES):
            tickets = await self._desk.store.find(list(seats))
            if len(tickets) < len(seats) or any(one.hold != hold for one in tickets):
                return False
            now = self._desk.clock()
            changes = [
                (
                    one,
                    replace(
                        one, state=TicketState.MATCHED, end_time=now, seat=seats[one.ticket_id]
                    ),
                )
                for one in tickets
            ]
            # Streams come and go meanwhile.
            if await self._desk.swap(*changes, fence=fence):
                return True
        return False

    async def _release(self, group: Sequence[Ticket], hold: str) -> None:
        for ticket in group:
            # Where the store is away, or has lost it, it waits again by itself.
            with suppress(MazemeshError):
                await self._desk.update(
                    ticket.ticket_id, lambda one: released(one) if one.hold == hold else one
                )

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
