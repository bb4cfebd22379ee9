"""A person at a browser plays one seat: a WebSocket in front of FindMatch and PlayGame.

The browser says `{"type": "play", "game": "race", "opponent": "bot/shortest-path", "name": "zoe"}`
(`services.gateway.playing.wish`), or `return` with the `seat_token` of a game whose socket broke.
It is sent `queued` while it waits (`leave` ends that), `joined`, a `turn` whenever it has to move,
which it answers by `act`, and `finished`; or `problem`, which ends the socket as `finished` does.

The calls show the person's own key, so what that may the services say. A socket that breaks leaves
the seat where it is: Game keeps it for the move's time, and `return` goes on.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, WebSocket
from pydantic import Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mazemesh.client.addresses import split_addresses
from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.games import is_bot
from mazemesh.v1 import game_pb2 as game
from mazemesh.v1 import matchmaker_pb2 as matchmaker
from services.gateway.access.sockets import SocketDep
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.playing import told
from services.gateway.playing.partner import sit
from services.gateway.playing.seat import SeatStream
from services.gateway.playing.seating import Seat, look_for, make, opponent_of, spec_of
from services.gateway.playing.wish import Leave, Move, Return, Wish
from services.gateway.rest.problems import problem_of

T = TypeVar("T")

router = APIRouter(include_in_schema=False)

_FIRST_SECONDS: Final = 30.0
_LONGEST_MESSAGE: Final = 1024

_FIRST: Final[TypeAdapter[Wish | Return]] = TypeAdapter(
    Annotated[Wish | Return, Field(discriminator="type")]
)
_LEAVE: Final = TypeAdapter(Leave)
_MOVE: Final = TypeAdapter(Move)


@router.websocket("/ws/play")
async def play(socket: SocketDep, gateway: GatewayDep, visitor: VisitorDep) -> None:
    """One game of one person."""
    player = _Player(socket, gateway, visitor)
    try:
        await player.run()
    except MazemeshError as error:  # a service that did not answer in time among them
        await player.fail(error)
    except (WebSocketDisconnect, RuntimeError, KeyError, TimeoutError):
        pass  # the browser has gone, sent bytes (KeyError), or sends or takes nothing
    finally:
        await player.close()


class _Player:
    """A socket and what happens on it."""

    def __init__(self, socket: WebSocket, gateway: Gateway, visitor: Visitor) -> None:
        self._socket, self._gateway, self._visitor = socket, gateway, visitor
        self._rpcs, self._key = gateway.rpcs, visitor.key
        self._seated = False

    async def run(self) -> None:
        """From the first message to the end of the game."""
        async with asyncio.timeout(_FIRST_SECONDS):
            first = await self._hear(_FIRST)
        if isinstance(first, Return):
            await self._sit(self._returned(first))
            return
        seat = await self._seat(first)
        if seat is None:
            return
        self._seated = True
        for token, policy in seat.others:
            self._gateway.partners.begin(
                sit(self._rpcs, self._key, token, seat.game_address, policy)
            )
        await self._sit(seat)

    async def _seat(self, wish: Wish) -> Seat | None:
        """The seat that is asked for; None: nobody wants to wait any more."""
        key = self._visitor.caller.key
        player = key.player if key is not None and key.player else f"player/{wish.name}"
        opponent = await opponent_of(self._rpcs, self._key, wish)
        spec = await spec_of(self._rpcs, self._key, wish)
        if not wish.rated and (opponent or spec.seats == 1):
            policies = spec.seats - 1 if opponent and not is_bot(opponent) else 0
            with self._gateway.partners.expect(policies):
                return await make(self._rpcs, self._key, wish, spec, player, opponent)
        if not opponent or is_bot(opponent):
            return await self._found(wish, player)
        # The policy waits in the same queue, as anybody would.
        self._gateway.partners.check(1)
        partner = self._gateway.partners.begin(self._wait_as(wish, opponent))
        seat = None
        try:
            seat = await self._found(wish, player)
        finally:
            if seat is None:
                partner.cancel()
        return seat

    async def _found(self, wish: Wish, player: str) -> Seat | None:
        """Waits in the queue, and hears meanwhile whether the person still does."""
        ticket = ""
        search = look_for(self._rpcs, self._key, wish, player)
        leaving = asyncio.create_task(self._hear(_LEAVE))
        try:
            while True:
                news = asyncio.ensure_future(anext(search))
                await asyncio.wait({news, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not news.done():
                    news.cancel()
                    await asyncio.gather(news, return_exceptions=True)
                    leaving.result()
                    return None
                one = news.result()
                ticket = one.ticket_id
                if one.HasField("matched"):
                    ticket = ""
                    return Seat(one.matched.seat_token, one.matched.game_address)
                await self._say(told.queued(one))
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            if ticket:
                await self._withdraw(ticket)

    async def _withdraw(self, ticket: str) -> None:
        request = matchmaker.CancelMatchRequest(ticket_id=ticket)
        # It may have ended by itself, or the stream's end will end it.
        with suppress(MazemeshError):
            await self._rpcs.ask(self._rpcs.matchmaker.CancelMatch, request, self._key)

    async def _wait_as(self, wish: Wish, policy: str) -> None:
        """Has a policy wait in the queue, and play whoever comes."""
        wish = wish.model_copy(update={"request_id": "", "bot_after": None})
        try:
            async for news in look_for(self._rpcs, self._key, wish, policy):
                if news.HasField("matched"):
                    seat = news.matched
                    await sit(self._rpcs, self._key, seat.seat_token, seat.game_address, policy)
                    return
        except MazemeshError as error:
            if not self._seated:  # else the person plays somebody who came first
                await self.fail(error)

    def _returned(self, wish: Return) -> Seat:
        known = split_addresses(self._gateway.settings.game_address)
        if wish.game_address and wish.game_address not in known:
            raise InvalidArgument(
                f"game_address: {wish.game_address[:64]!r} is none of {', '.join(known)}"
            )
        return Seat(wish.seat_token, wish.game_address)

    async def _sit(self, seat: Seat) -> None:
        async with SeatStream(self._rpcs, self._key, seat.token, seat.game_address) as stream:
            await self._say(told.joined(stream.joined, seat))
            moves = asyncio.create_task(self._move(stream))
            try:
                while True:
                    turn = asyncio.ensure_future(stream.receive())
                    await asyncio.wait({turn, moves}, return_when=asyncio.FIRST_COMPLETED)
                    if moves.done():
                        turn.cancel()
                        await asyncio.gather(turn, return_exceptions=True)
                        moves.result()
                        return
                    message = turn.result()
                    if isinstance(message, game.GameFinished):
                        await self._say(told.finished(message))
                        return
                    await self._say(told.turn(message))
            finally:
                moves.cancel()
                await asyncio.gather(moves, return_exceptions=True)

    async def _move(self, stream: SeatStream) -> None:
        while True:
            move = await self._hear(_MOVE)
            await stream.act(move.step, move.action)

    async def _hear(self, kind: TypeAdapter[T]) -> T:
        text = await self._socket.receive_text()
        if len(text) > _LONGEST_MESSAGE:
            raise InvalidArgument(f"message: {len(text)} characters; at most {_LONGEST_MESSAGE}")
        try:
            return kind.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "message"
            raise InvalidArgument(f"{field}: {first['msg']}") from error

    async def _say(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(self._gateway.settings.socket_send_seconds):
            await self._socket.send_text(json.dumps(message, separators=(",", ":")))

    async def fail(self, error: MazemeshError) -> None:
        """Tells what went wrong."""
        problem = problem_of(error).model_dump(exclude_none=True)
        with suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
            await self._say({**problem, "type": "problem"})

    async def close(self) -> None:
        """Ends the socket."""
        if self._socket.client_state is not WebSocketState.DISCONNECTED:
            with suppress(RuntimeError, OSError, WebSocketDisconnect):
                await self._socket.close()
