"""The PlayGame stream: one seat of one game."""

from __future__ import annotations

import asyncio
from functools import partial

import grpc.aio

from mazemesh import tracing
from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError
from mazemesh.v1 import game_pb2 as pb
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services.game.matches.match_host import MatchHost
from services.game.matches.seating import SeatedGame
from services.game.play.hold import Holder
from services.game.play.outcome import Outcome
from services.game.wire import convert

MOST_ACTION_BYTES = 3072
"""Of one seat's action: what fits into the 4 KiB of a message."""


class PlayGameStream:
    """Serves PlayGame over the matches of a server."""

    def __init__(self, match_host: MatchHost) -> None:
        self._match_host = match_host

    async def serve(self, context: Context) -> None:
        """One stream, from its first message to the end of the game."""
        first = await context.read()
        if first is grpc.aio.EOF or not first.HasField("join"):
            raise InvalidArgument("the first message should be join")
        seated, seat = await self._match_host.take_seat(first.join.seat_token, caller().owner)
        check_playable(seated)
        seated.game.match.trace = tracing.current() or seated.game.match.trace
        try:
            with seated.holds[seat].take() as stream:
                await context.write(convert.seat_joined(seated.game, seat))
                seated.join(seat)
                acts = asyncio.create_task(take_acts(context, stream, seated, seat))
                try:
                    await _tell_turns(context, stream, seated, seat)
                finally:
                    acts.cancel()
                    await asyncio.wait({acts})
        finally:
            seated.leave(seat)


def check_playable(seated: SeatedGame) -> None:
    """Raises FailedPrecondition where an action is too long for a message of this stream."""
    spec = seated.board.batch.engine.spec
    if spec.action_bytes > MOST_ACTION_BYTES:
        raise FailedPrecondition(
            f"game {spec.name} has actions of {spec.action_bytes} bytes; PlayGame takes "
            f"{MOST_ACTION_BYTES}, RunGames longer ones"
        )


async def _tell_turns(context: Context, stream: Holder, seated: SeatedGame, seat: int) -> None:
    told = -1
    while True:
        news = await stream.wait(partial(seated.news, seat, told))
        if isinstance(news, Outcome):
            await context.write(pb.PlayGameResponse(finished=convert.finished(news)))
            return
        await context.write(pb.PlayGameResponse(turn=convert.turn(news)))
        told = news.step


async def take_acts(context: Context, stream: Holder, seated: SeatedGame, seat: int) -> None:
    """Plays what the client sends while its stream holds the seat; an error ends this stream."""
    try:
        while (request := await context.read()) is not grpc.aio.EOF:
            stream.check()
            if not request.HasField("act"):
                raise InvalidArgument("the message is join; after the first one it should be act")
            spec = seated.board.batch.engine.spec
            seated.act(seat, request.act.step, convert.action(request.act, spec))
    except MazemeshError as error:
        stream.end(error)
