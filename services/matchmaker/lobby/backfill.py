"""Seats of running games that stand empty, for those who would take one."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from mazemesh.errors import MazemeshError, Unavailable
from services.matchmaker.lobby.desk import Desk
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import (
    Seat,
    Ticket,
    Window,
    can_play,
    held,
    matched,
    released,
)
from services.matchmaker.peers import SeatPeer
from services.matchmaker.setup import Vacancy

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0  # how often Game is asked, while somebody would take a seat
_MOST_SEATS = 256
_MOST_MATCHES = 10_000
_HOLD_SECONDS = 15.0


class Backfill:
    """Gives vacant seats to waiting players; belongs to one event loop.

    The seat that stands empty longest is given first, to the oldest ticket whose window contains
    the mean rating of those who are there.

    Args:
        desk: The tickets.
        game: Where the seats are.
        seekers: Where ratings come from.
        window: How far ratings may be apart.
        after: Seconds that a seat has to have stood empty.
        filled: Told of each ticket that has a seat, when, and how far it is from the mean.
    """

    def __init__(
        self,
        desk: Desk,
        game: SeatPeer,
        seekers: Seekers,
        *,
        window: Window,
        after: float,
        filled: Callable[[Ticket, float, float], None],
    ) -> None:
        self._desk = desk
        self._game = game
        self._seekers = seekers
        self._window = window
        self._after = after
        self._filled = filled
        self._next_look = float("-inf")
        # Who asked for the seats of matches that others may join.
        self._persons: OrderedDict[str, set[str]] = OrderedDict()

    def note(self, match_id: str, tickets: Sequence[Ticket]) -> None:
        """A match began that others may join."""
        persons = {ticket.wish.person for ticket in tickets} - {""}
        if persons:
            self._persons[match_id] = persons
            while len(self._persons) > _MOST_MATCHES:
                self._persons.popitem(last=False)

    async def fill(self, waiting: Sequence[Ticket], fence: int | None, now: float) -> list[Ticket]:
        """Those that still wait when seats that are vacant were given away.

        Raises:
            Unavailable: the store of tickets is away.
        """
        eager = [one for one in waiting if one.wish.backfill and can_play(one)]
        if not eager or now < self._next_look:
            return list(waiting)
        self._next_look = now + _LOOK_SECONDS
        try:
            vacancies = await self._game.vacant(self._after, _MOST_SEATS)
        except MazemeshError as error:
            _log.warning("no vacant seats from Game", reason=str(error))
            return list(waiting)
        eager.sort(key=lambda one: (one.since, one.ticket_id))
        gone: set[str] = set()
        for vacancy in vacancies:
            mean = await self._mean(vacancy)
            for ticket in eager:
                if ticket.ticket_id not in gone and self._fits(ticket, vacancy, mean, now):
                    gone.add(ticket.ticket_id)
                    await self._give(vacancy, ticket, abs(ticket.rating - mean), fence)
                    break
        return [one for one in waiting if one.ticket_id not in gone]

    async def _mean(self, vacancy: Vacancy) -> float:
        ratings = [await self._seekers.rating(vacancy.ladder, one) for one in vacancy.present]
        return sum(ratings) / len(ratings)

    def _fits(self, ticket: Ticket, vacancy: Vacancy, mean: float, now: float) -> bool:
        wish = ticket.wish
        return (
            wish.ladder == vacancy.ladder
            and wish.player not in vacancy.participants
            and wish.person not in self._persons.get(vacancy.match_id, ())
            and abs(ticket.rating - mean) <= self._window.after(now - ticket.since)
        )

    async def _give(self, vacancy: Vacancy, ticket: Ticket, gap: float, fence: int | None) -> None:
        """Seats a ticket; where that fails it waits again, with its age."""
        hold, until = str(uuid.uuid4()), self._desk.clock() + _HOLD_SECONDS
        ours = held(ticket, hold, until)
        if not await self._desk.swap((ticket, ours), fence=fence):
            return
        try:
            token = await self._game.replace(vacancy, ticket.wish.player)
        except MazemeshError as error:
            _log.info("a vacant seat could not be given", reason=str(error))
            await self._desk.update(
                ticket.ticket_id, lambda one: released(one) if one.hold == hold else one
            )
            return
        names = list(vacancy.participants)
        names[vacancy.seat] = ticket.wish.player
        seat = Seat(
            vacancy.match_id,
            vacancy.game_id,
            token,
            vacancy.seat,
            tuple(names),
            vacancy.game_address,
            backfilled=True,
        )
        now = self._desk.clock()
        # Who went away meanwhile leaves the seat as empty as it was.
        if await self._desk.swap((ours, matched(ours, (seat,), now)), fence=fence):
            self._filled(ticket, now, gap)
            return
        try:
            await self._desk.update(
                ticket.ticket_id, lambda one: released(one) if one.hold == hold else one
            )
        except Unavailable as error:
            _log.warning("a ticket waits until its hold ends", reason=str(error))
