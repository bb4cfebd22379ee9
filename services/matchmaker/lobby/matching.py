"""Puts waiting players together: one instance does at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import structlog

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from services.matchmaker.lobby.backfill import Backfill
from services.matchmaker.lobby.beginning import Beginning, Group
from services.matchmaker.lobby.desk import Desk, pause
from services.matchmaker.lobby.grouping import FEW, Kernel, compiled, groups
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import (
    Ticket,
    TicketState,
    Window,
    expired,
    released,
    wants_bot,
)
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer, SeatPeer
from services.matchmaker.rating.players import nearest_bots
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.setup import MatchSetup
from services.matchmaker.store import LOBBY, LeaderStore

_log = structlog.get_logger(__name__)

# How often waiting tickets are looked at; windows and bots come due in between.
_TICK = 0.25
_REST = 3.0  # times as long as a look took
_RETRY = 1.0  # after Game refused, or while the store is away
_MOST_AT_ONCE = 1024  # matches that are begun by one look; the others wait for the next
_KEEP_ENDED = 120.0  # a repeated request still finds its match
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
        seats: Where seats of running games are.
        seekers: Where ratings of those who sit there come from.
        window: How far ratings may be apart.
        rng: Draws who gets which place.
        backfill_after: Seconds that a seat has to have stood empty before another may take it.
        waited: Told the seconds from each ticket to its match.
        gap: Told the Elo points between the best and the worst of each match of several players.
        made: Told of each match, its tickets, and when.

    Attributes:
        longest_wait: Seconds that the oldest ticket had waited at the last look.
        backfilled: Seats of running games that were given to waiting players.
    """

    def __init__(
        self,
        desk: Desk,
        leaders: LeaderStore,
        numbers: Numbers,
        ratings: Ratings,
        game: GamePeer,
        seats: SeatPeer,
        seekers: Seekers,
        *,
        instance: str,
        is_shared: bool,
        window: Window,
        rng: np.random.Generator,
        backfill_after: float = 20.0,
        waited: Callable[[float], None] = lambda _: None,
        gap: Callable[[float], None] = lambda _: None,
        made: Callable[[str, Sequence[Ticket], float], None] = lambda *_: None,
    ) -> None:
        self._desk = desk
        self._leaders = leaders
        self._ratings = ratings
        self._instance = instance
        self._is_shared = is_shared
        self._window = window
        self._waited = waited
        self._gap = gap
        self._made = made
        self._beginning = Beginning(desk, numbers, game, rng=rng, begun=self._note)
        self._backfill = Backfill(
            desk,
            seats,
            seekers,
            window=window,
            after=backfill_after,
            filled=self._note_filled,
        )
        self.longest_wait = 0.0
        self._waiting = 0
        self.backfilled = 0
        self._look_seconds = 0.0
        self._loading: asyncio.Task[Kernel] | None = None
        self.fence: int | None = None
        """Under which this instance matches tickets; None while it is not its turn."""

    async def run(self) -> None:
        """Matches tickets without end, while it is this instance's turn."""
        await self._renew()
        renewing = asyncio.create_task(self._keep()) if self._is_shared else None
        try:
            while True:
                await pause(self._desk.wake, _TICK if self._is_shared or self._waiting else None)
                if self.fence is not None and await self._refused():
                    await asyncio.sleep(_RETRY)
                # Where thousands wait a look takes long: streams have their turn, too.
                await asyncio.sleep(_REST * self._look_seconds)
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
        waiting = await self._looked_after(tickets, gone, now)
        self.longest_wait = now - min((ticket.since for ticket in waiting), default=now)
        # Those whose game stands still come before those who have none.
        waiting = await self._backfill.fill(waiting, self.fence, now)
        found = await self._groups(waiting, now)
        if len(found) > _MOST_AT_ONCE:
            self._desk.wake.set()
        self._look_seconds = max(0.0, self._desk.clock() - now)
        seated = {ticket.ticket_id for group in found for ticket in group}
        alone = [one for one in waiting if wants_bot(one, now) and one.ticket_id not in seated]
        with_bots = [await self._with_bots(ticket) for ticket in alone[:_MOST_AT_ONCE]]
        is_there = await self._beginning.begin(
            [
                *(Group(group) for group in found[:_MOST_AT_ONCE]),
                *(group for group in with_bots if group is not None),
            ],
            self.fence,
        )
        self._waiting = await store.count()
        return not is_there

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
        self, tickets: Sequence[Ticket], gone: Collection[str], now: float
    ) -> list[Ticket]:
        """Those that wait: also one that somebody held for too long; the others' time is up."""
        waiting: list[Ticket] = []
        changes: list[tuple[Ticket, Ticket]] = []
        for ticket in tickets:
            new = self._as_of(ticket, gone, now)
            if new is not ticket:
                changes.append((ticket, new))
            elif ticket.state is TicketState.WAITING:
                waiting.append(ticket)
        done = await self._desk.swap_each([[change] for change in changes], self.fence)
        # Where others were faster the ticket is looked at the next time.
        waiting += [
            new
            for (_, new), was_done in zip(changes, done, strict=True)
            if was_done and new.state is TicketState.WAITING
        ]
        return waiting

    def _as_of(self, ticket: Ticket, gone: Collection[str], now: float) -> Ticket:
        """What becomes of a ticket by time alone; itself when that is nothing."""
        if ticket.state is TicketState.MATCHING:
            if ticket.held_until > now:
                return ticket
            ticket = released(ticket)
        if gone and ticket.listener in gone and ticket.gone_since is None:
            # Its instance died, and could not say so itself.
            ticket = replace(ticket, gone_since=now)
        if expired(ticket, self._desk.grace, now):
            return replace(ticket, state=TicketState.EXPIRED, end_time=now)
        return ticket

    async def _groups(self, waiting: Sequence[Ticket], now: float) -> list[list[Ticket]]:
        queues: dict[tuple[str, bool], list[Ticket]] = {}
        for ticket in waiting:
            queues.setdefault((ticket.wish.ladder, ticket.wish.rated), []).append(ticket)
        found: list[list[Ticket]] = []
        for queue in queues.values():
            if len(queue) <= FEW:
                found += groups(queue, self._window, now)
            else:
                kernel = self._kernel()
                found += await asyncio.to_thread(groups, queue, self._window, now, kernel)
        return found

    def _kernel(self) -> Kernel | None:
        """What puts many together faster; loading it takes seconds, from when it is wanted."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(compiled))
        return self._loading.result() if self._loading.done() else None

    async def _with_bots(self, ticket: Ticket) -> Group | None:
        """The ticket with the nearest bots in rating for all other seats, if there are enough."""
        wish = ticket.wish
        bots = nearest_bots(wish.bots, ticket.rating, await self._ratings.of(wish.ladder))
        wanted = wish.size - len(wish.players)
        if bots and not wish.rated:  # rated, all participants have to differ
            bots = [*bots] * -(-wanted // len(bots))
        return Group([ticket], bots[:wanted]) if wanted <= len(bots) else None

    def _note(self, group: Group, setup: MatchSetup, now: float) -> None:
        """Tells how long the players of a match waited, and how far apart they are."""
        self._made(setup.match_id, group.tickets, now)
        if setup.backfill:
            self._backfill.note(setup.match_id, group.tickets)
        for ticket in group.tickets:
            self._waited(now - ticket.since)
        if len(group.tickets) > 1:
            ratings = [ticket.rating for ticket in group.tickets]
            self._gap(max(ratings) - min(ratings))

    def _note_filled(self, ticket: Ticket, now: float, gap: float) -> None:
        self.backfilled += 1
        self._waited(now - ticket.since)
        self._gap(gap)
