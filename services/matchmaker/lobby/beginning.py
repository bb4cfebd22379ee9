"""Matches that begin: tickets are held, games made and seats handed out, many at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import structlog

from mazemesh.errors import DeadlineExceeded, MazemeshError, ResourceExhausted, Unavailable
from services.matchmaker.lobby.desk import Desk
from services.matchmaker.lobby.seating import Unit, participants, seats_of, unit
from services.matchmaker.lobby.tickets import (
    Seat,
    Ticket,
    TicketState,
    held,
    matched,
    released,
)
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer
from services.matchmaker.setup import CreatedMatch, MatchSetup

_log = structlog.get_logger(__name__)

_MADE_AT_ONCE = 256  # matches in one call of Game
_HOLD_SECONDS = 15.0  # longer than Game may take to create matches
_REST_SECONDS = 2.0  # of tickets whose match Game refused for what it is
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Who is to play together: tickets, and bots for what is left of the seats."""

    tickets: Sequence[Ticket]
    bots: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A group whose tickets are held under a name, and the match that it is to be."""

    group: Group
    hold: str
    setup: MatchSetup


class Beginning:
    """Begins matches of groups; belongs to one event loop.

    Args:
        desk: The tickets.
        numbers: Ids and seeds for matches.
        game: Where matches are created.
        rng: Draws who gets which place.
        begun: Told of each group that was seated, its match, and when.
    """

    def __init__(
        self,
        desk: Desk,
        numbers: Numbers,
        game: GamePeer,
        *,
        rng: np.random.Generator,
        begun: Callable[[Group, MatchSetup, float], None],
    ) -> None:
        self._desk = desk
        self._numbers = numbers
        self._game = game
        self._rng = rng
        self._begun = begun

    async def begin(self, groups: Sequence[Group], fence: int | None) -> bool:
        """Creates a match for each group and seats it; where that fails all of it waits again.

        A group of which a ticket changed meanwhile is left as it is. Returns whether Game is there:
        False when matches could not be created because it is away, or full.
        """
        parts = [
            groups[first : first + _MADE_AT_ONCE] for first in range(0, len(groups), _MADE_AT_ONCE)
        ]
        return all(await asyncio.gather(*(self._begin(part, fence) for part in parts)))

    async def _begin(self, groups: Sequence[Group], fence: int | None) -> bool:
        hold, until = str(uuid.uuid4()), self._desk.clock() + _HOLD_SECONDS
        are_held = await self._desk.swap_each(
            [[(one, held(one, hold, until)) for one in group.tickets] for group in groups], fence
        )
        ours = [group for group, is_held in zip(groups, are_held, strict=True) if is_held]
        try:
            attempts = await self._attempts(ours, hold)
            made = await self._made(attempts)
        except BaseException:
            await self._release(ours, hold)
            raise
        seated: list[tuple[_Attempt, CreatedMatch]] = []
        is_there = True
        for attempt, created in zip(attempts, made, strict=True):
            if isinstance(created, CreatedMatch):
                seated.append((attempt, created))
                continue
            away = isinstance(created, _AWAY)
            is_there = is_there and not away
            await self._release([attempt.group], hold, 0.0 if away else _REST_SECONDS)
        await self._sit(seated, fence)
        return is_there

    async def _attempts(self, groups: Sequence[Group], hold: str) -> list[_Attempt]:
        by_ladder: dict[str, list[Group]] = {}
        for group in groups:
            by_ladder.setdefault(group.tickets[0].wish.ladder, []).append(group)
        attempts = []
        for ladder, own in by_ladder.items():
            for group, identity in zip(
                own, await self._numbers.take(ladder, len(own)), strict=True
            ):
                wish = group.tickets[0].wish
                setup = MatchSetup(
                    identity.match_id,
                    wish.game,
                    wish.settings,
                    identity.seed,
                    tuple(self._names(group)),
                    rated=wish.rated,
                    rotations=1,
                    backfill=_is_open(group),
                )
                attempts.append(_Attempt(group, hold, setup))
        return attempts

    def _names(self, group: Group) -> list[str]:
        units = [unit(ticket) for ticket in group.tickets]
        mean = sum(one.rating for one in units) / len(units)
        units += [Unit((bot,), mean) for bot in group.bots]
        return participants(units, group.tickets[0].wish.teams, self._rng)

    async def _made(self, attempts: Sequence[_Attempt]) -> list[CreatedMatch | MazemeshError]:
        """Their matches; where one of them is refused for what it is, the others are made."""
        if not attempts:
            return []
        try:
            return list(await self._game.create([attempt.setup for attempt in attempts]))
        except _AWAY as error:
            _log.warning("matches could not be created, players wait on", reason=str(error))
            return [error] * len(attempts)
        except MazemeshError as error:
            if len(attempts) == 1:
                _log.warning(
                    "a match could not be created, its players wait on",
                    reason=str(error),
                    participants=attempts[0].setup.participants,
                )
                return [error]
        half = len(attempts) // 2
        return [*await self._made(attempts[:half]), *await self._made(attempts[half:])]

    async def _sit(
        self, seated: Sequence[tuple[_Attempt, CreatedMatch]], fence: int | None
    ) -> None:
        """Ends all tickets of a match with their seats, or none of them; of many matches."""
        seats = {
            ticket.ticket_id: seats_of(created, attempt.setup.participants, ticket)
            for attempt, created in seated
            for ticket in attempt.group.tickets
        }
        left = [attempt for attempt, _ in seated]
        for _ in range(_TRIES):
            left = await self._sat(left, seats, fence)
            if not left:
                return
        for attempt in left:
            _log.warning("tickets kept changing", match_id=attempt.setup.match_id)
            await self._release([attempt.group], attempt.hold)

    async def _sat(
        self,
        attempts: Sequence[_Attempt],
        seats: Mapping[str, tuple[Seat, ...]],
        fence: int | None,
    ) -> list[_Attempt]:
        """Tries once; the attempts of which a stream came or went meanwhile."""
        ids = [ticket.ticket_id for attempt in attempts for ticket in attempt.group.tickets]
        # Who went away meanwhile, or withdrew, would keep the others in a game that does not begin.
        there = {one.ticket_id: one for one in await self._desk.store.find(ids)}
        now = self._desk.clock()
        trying, changes = [], []
        for attempt in attempts:
            present = [there.get(ticket.ticket_id) for ticket in attempt.group.tickets]
            tickets = [one for one in present if one is not None and _is_held(one, attempt.hold)]
            if len(tickets) < len(present):
                _log.info("a match was created in vain", match_id=attempt.setup.match_id)
                await self._release([attempt.group], attempt.hold)
                continue
            trying.append(attempt)
            changes.append([(one, matched(one, seats[one.ticket_id], now)) for one in tickets])
        done = await self._desk.swap_each(changes, fence)
        for attempt, was_done in zip(trying, done, strict=True):
            if was_done:
                self._begun(attempt.group, attempt.setup, now)
        return [attempt for attempt, was_done in zip(trying, done, strict=True) if not was_done]

    async def _release(self, groups: Sequence[Group], hold: str, rest: float = 0.0) -> None:
        """They wait again, with their age: at once, or after a rest."""
        until = self._desk.clock() + rest

        def change(ticket: Ticket) -> Ticket:
            if ticket.hold != hold:
                return ticket
            return held(ticket, hold, until) if rest else released(ticket)

        for group in groups:
            for ticket in group.tickets:
                # Where the store is away, or has lost it, it waits again by itself.
                with suppress(MazemeshError):
                    await self._desk.update(ticket.ticket_id, change)


_AWAY = (Unavailable, ResourceExhausted, DeadlineExceeded)


def _is_held(ticket: Ticket, hold: str) -> bool:
    """Whether it is still being seated by this attempt, and somebody listens."""
    return (
        ticket.state is TicketState.MATCHING and ticket.hold == hold and ticket.gone_since is None
    )


def _is_open(group: Group) -> bool:
    """Whether a seat that stays empty may go to another: everybody in the match said so."""
    return not group.bots and all(ticket.wish.backfill for ticket in group.tickets)
