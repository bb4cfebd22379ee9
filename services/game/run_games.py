"""The RunGames stream: opens, joins or resumes a session and answers its steps."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

import grpc
import grpc.aio

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.v1 import game_pb2 as pb
from services.game import convert
from services.game.session import Session, Stepping
from services.game.sessions import Sessions

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
GameSession: TypeAlias = Session[pb.GamesStep]


class RunGamesStream:
    """Serves RunGames over the sessions of a server."""

    def __init__(self, sessions: Sessions[pb.GamesStep], stepping: Stepping[pb.GamesStep]) -> None:
        self._sessions = sessions
        self._stepping = stepping

    async def serve(self, context: Context) -> None:
        """One stream, from its first message to its end."""
        first = await context.read()
        if first is grpc.aio.EOF:
            raise InvalidArgument("the first message is missing; it should be open or join")
        session = await self._session(first)
        with self._sessions.stream(session):
            await self._resume(first, session)
            await context.write(convert.opened(session.batch, await session.response()))
            await self._answer_steps(session, context)
        self._sessions.drop(session, FailedPrecondition("the client closed the session"))

    async def _session(self, first: pb.RunGamesRequest) -> GameSession:
        kind = first.WhichOneof("message")
        if kind == "open":
            return await self._open(first.open)
        raise InvalidArgument(f"the first message is {kind or 'empty'}; it should be open or join")

    async def _open(self, message: pb.OpenSession) -> GameSession:
        if message.HasField("resume_sequence"):
            return self._sessions.find(message.session_id)
        self._sessions.check_room(message.session_id)
        setup = convert.training_setup(message)
        batch = await asyncio.to_thread(setup.make)
        session = Session(message.session_id, batch, self._stepping)
        self._sessions.add(session)
        return session

    async def _resume(self, first: pb.RunGamesRequest, session: GameSession) -> None:
        message = first.open
        if message.HasField("resume_sequence"):
            await session.settled()
            session.progress.check_resume(message.resume_sequence)

    async def _answer_steps(self, session: GameSession, context: Context) -> None:
        while not session.over:
            request = await context.read()
            if request is grpc.aio.EOF:
                return
            if not request.HasField("step"):
                raise InvalidArgument(
                    f"the message is {request.WhichOneof('message') or 'empty'}; after the "
                    "first one it should be step"
                )
            step = request.step
            response = await session.play(
                step.sequence,
                convert.actions(step, session.batch),
                convert.reseat(step, session.batch),
            )
            await context.write(pb.RunGamesResponse(step=response))
