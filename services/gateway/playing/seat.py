"""One seat at Game: turns come, moves go."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import grpc
import grpc.aio

from mazemesh.errors import DeadlineExceeded, Unavailable
from mazemesh.v1 import game_pb2 as pb
from services.gateway.rpcs import Rpcs

_JOIN_SECONDS: Final = 90.0
"""The first of a game on a machine compiles its rules, half a minute where others work, too."""

_TURN_SECONDS: Final = 180.0
"""Others move meanwhile, and each has as long as the Game service gives (60 s)."""


class SeatStream:
    """A seat that was taken; an asynchronous context manager that leaves it at its end.

    Attributes:
        joined: What Game told of it.
    """

    joined: pb.SeatJoined

    def __init__(self, rpcs: Rpcs, key: str, token: str, game_address: str) -> None:
        self._rpcs, self._token = rpcs, token
        self._call: Any = rpcs.two_way(rpcs.game_at(game_address).PlayGame, key)

    async def __aenter__(self) -> Self:
        """Takes the seat.

        Raises:
            NotFound: the token names no seat (any more).
        """
        try:
            await self._write(pb.PlayGameRequest(join=pb.JoinSeat(seat_token=self._token)))
            self.joined = (await self._read(_JOIN_SECONDS)).joined
        except BaseException:
            self._call.cancel()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call.cancel()

    async def receive(self) -> pb.Turn | pb.GameFinished:
        """The next turn, or the end.

        Raises:
            MazemeshError: the stream broke, or another one took the seat.
        """
        message = await self._read(_TURN_SECONDS)
        return message.turn if message.HasField("turn") else message.finished

    async def act(self, step: int, action: int) -> None:
        """Answers the turn of a step by a numbered action."""
        await self._write(pb.PlayGameRequest(act=pb.Act(step=step, action=action)))

    async def _read(self, seconds: float) -> pb.PlayGameResponse:
        try:
            async with asyncio.timeout(seconds):
                message = await self._call.read()
        except TimeoutError as error:
            raise DeadlineExceeded(f"nothing came from the game for {seconds:g} s") from error
        except grpc.RpcError as error:
            raise self._rpcs.told(error) from error
        if message is grpc.aio.EOF:
            raise Unavailable("the game's stream ended")
        assert isinstance(message, pb.PlayGameResponse)
        return message

    async def _write(self, message: pb.PlayGameRequest) -> None:
        with suppress(grpc.RpcError, asyncio.InvalidStateError):  # the next read tells why
            await self._call.write(message)
