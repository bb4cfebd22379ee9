"""FindMatch, FindMatches and CancelMatch: validate, convert, call the lobby, convert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import lru_cache

import grpc.aio

from mazemesh.errors import InvalidArgument, MazemeshError, ResourceExhausted, within
from mazemesh.games import GameSettings
from mazemesh.names import REQUEST_ID, TICKET_ID
from mazemesh.v1 import game_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.wire.specs import settings_from_proto
from services._harness.access.admission import caller
from services._harness.access.callers.roles import ADMINISTRATORS, Role
from services._harness.calls.context import Context
from services._harness.pacing import paced
from services._harness.peers.known_games import KnownGame, KnownGames
from services.matchmaker.experiments.served import Assigned
from services.matchmaker.lobby.bundle import Bundle
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState, Wish
from services.matchmaker.rating.ladders import unshaped
from services.matchmaker.wire.tickets import (
    ended_news,
    is_alias,
    news,
    queued_news,
    refused_news,
    why_ended,
    wish_of,
)

MOST_IN_A_MESSAGE = 1024
"""Tickets, and ids of tickets to withdraw."""

_MOST_STREAMS = 256
"""Of FindMatches."""


_Known = dict[tuple[str, bytes], KnownGame]
"""Games by name and encoded settings, as long as a message is read."""


class FindCalls:
    """What players and front ends ask of the lobby.

    Args:
        lobby: The tickets.
        games: Who knows games.
        game_address: Where Game is, where it is one.
        assign: The version that serves a session of "name:alias".
    """

    def __init__(
        self,
        lobby: Lobby,
        games: KnownGames,
        game_address: str,
        assign: Callable[[str, str], Awaitable[Assigned]],
    ) -> None:
        self._lobby = lobby
        self._games = games
        self._game_address = game_address
        self._assign = assign
        self._streams = 0

    async def find(self, request: pb.FindMatchRequest) -> AsyncIterator[pb.FindMatchResponse]:
        """Follows a ticket to its end."""
        request_id, wish = await self._wish(request, {})
        ticket = await self._lobby.enter(request_id, wish)
        async with aclosing(self._lobby.follow(ticket.ticket_id)) as updates:
            async for waiting in updates:
                if waiting.ticket.state in (TicketState.CANCELLED, TicketState.EXPIRED):
                    raise why_ended(waiting.ticket)
                yield news(waiting, self._game_address)

    async def cancel(self, request: pb.CancelMatchRequest) -> pb.CancelMatchResponse:
        """Withdraws a ticket."""
        ticket_id = TICKET_ID.check("ticket_id", request.ticket_id)
        await self._lobby.cancel(ticket_id, _who_may())
        return pb.CancelMatchResponse()

    async def find_many(self, context: Context) -> None:
        """Follows the tickets of a front end until it has closed its side and all have ended."""
        if self._streams >= _MOST_STREAMS:
            raise ResourceExhausted(
                f"{_MOST_STREAMS} streams of FindMatches are open already; one takes many players",
                retry_after=5.0,
            )
        self._streams += 1
        bundle, answers = Bundle(self._lobby), list[pb.TicketNews]()
        reading = asyncio.create_task(self._read(context, bundle, answers))
        try:
            await self._write(context, bundle, reading, answers)
        finally:
            self._streams -= 1
            reading.cancel()
            await asyncio.wait({reading})
            await bundle.close()

    async def _read(self, context: Context, bundle: Bundle, answers: list[pb.TicketNews]) -> None:
        """Takes in what the client sends; an error of it is raised to whoever awaits this."""
        try:
            while (request := await context.read()) is not grpc.aio.EOF:
                for field in ("find", "cancel"):
                    if len(getattr(request, field)) > MOST_IN_A_MESSAGE:
                        raise InvalidArgument(
                            f"{field}: a message has at most {MOST_IN_A_MESSAGE}; it has "
                            f"{len(getattr(request, field))}"
                        )
                if request.find:
                    answers += await self._entered(request.find, bundle)
                    bundle.answered()
                await bundle.cancel(
                    [TICKET_ID.check("cancel", one) for one in request.cancel], _who_may()
                )
        finally:
            bundle.wake()

    async def _write(
        self,
        context: Context,
        bundle: Bundle,
        reading: asyncio.Task[None],
        answers: list[pb.TicketNews],
    ) -> None:
        """Tells answers and news, until there is nobody left to tell of."""
        while True:
            if reading.done():
                reading.result()
                if not bundle and not answers:
                    return
            ended = await bundle.news()
            told, answers[:] = list(answers), []
            told += [
                ended_news(one, self._game_address)
                if isinstance(one, Ticket)
                else refused_news(one.request_id, one.ticket_id, one.error)
                for one in ended
            ]
            if told or not reading.done():
                await context.write(pb.FindMatchesResponse(news=told))

    async def _entered(
        self, requests: Sequence[pb.FindMatchRequest], bundle: Bundle
    ) -> list[pb.TicketNews]:
        """The answer to each ticket, in order."""
        known: _Known = {}
        told: list[pb.TicketNews | None] = []
        wanted: list[tuple[str, Wish]] = []
        async for request in paced(requests):
            try:
                wanted.append(await self._wish(request, known))
                told.append(None)
            except MazemeshError as error:
                told.append(refused_news(request.request_id, "", error))
        entered = iter(zip(wanted, await bundle.enter(wanted), strict=True))
        for index, one in enumerate(told):
            if one is not None:
                continue
            (request_id, _), found = next(entered)
            if isinstance(found, MazemeshError):
                told[index] = refused_news(request_id, "", found)
            elif found.ticket.state not in ENDED:  # otherwise its end alone is told
                told[index] = queued_news(found)
        return [one for one in told if one is not None]

    async def _wish(self, request: pb.FindMatchRequest, known: _Known) -> tuple[str, Wish]:
        request_id = REQUEST_ID.check("request_id", request.request_id)
        settings = request.settings.SerializeToString()
        game = known.get((request.game, settings))
        if game is None:
            with within("settings"):
                given = _settings(settings)
            game = known[request.game, settings] = await self._games.get(request.game, given)
        key = caller().key
        person = key.id if key is not None and key.role is Role.PLAYER else ""
        wish = wish_of(request, game, caller().owner, person)
        if not is_alias(wish.player):
            return request_id, wish
        found = await self._assign(wish.player, request_id)
        return request_id, replace(
            wish, player=found.player, asked=wish.player, experiment_id=found.experiment_id
        )


def _who_may() -> str | None:
    """Whose tickets the caller withdraws; None is anybody's."""
    key = caller().key
    runs_the_mesh = key is not None and key.role in ADMINISTRATORS
    return None if runs_the_mesh else caller().owner


@lru_cache(maxsize=256)
def _settings(encoded: bytes) -> GameSettings:
    """Settings without reward shaping; most ask for the same."""
    return unshaped(settings_from_proto(game_pb2.GameSettings.FromString(encoded)))
