"""The RunGames stream: opens, joins or resumes a session and answers its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeAlias, TypeVar

import grpc.aio

from mazemesh import tracing
from mazemesh.errors import Conflict, InvalidArgument, within
from mazemesh.games import Catalogue
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.games_step import encode_step
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services.game.matches.match import Board
from services.game.matches.match_host import MatchHost
from services.game.matches.recorder import Recorder
from services.game.play.batch import Batch, NewEngine, Report
from services.game.play.hold import Holder
from services.game.play.room import Rooms
from services.game.play.stepping import Stepping
from services.game.sessions.match_session import MatchSession
from services.game.sessions.session import Session
from services.game.sessions.sessions import Sessions
from services.game.sessions.shares import Shares
from services.game.wire import convert
from services.game.wire.packed_steps import packed_steps
from services.game.wire.steps import asked, opened

GameSession: TypeAlias = Session[bytes]
GameSessions: TypeAlias = Sessions[bytes]
T = TypeVar("T")

WAITING_SECONDS = 5.0
"""How often a client is told that it should wait on; well below what it waits for any message."""

_WAITING = pb.RunGamesResponse(waiting=pb.Waiting()).SerializeToString()


class RunGamesStream:
    """Serves RunGames over the sessions of a server.

    Args:
        games: What may be played.
        rooms: The memory that sessions may take.
        local_address: Where clients of this machine may go on (`local_steps`) now;
            empty if there is no such place.
        public_address: Where clients reach this very instance; empty if it was not told.
        most_games: Of one key in sessions.
    """

    def __init__(
        self,
        sessions: GameSessions,
        match_host: MatchHost,
        recorder: Recorder,
        stepping: Stepping,
        serials: count[int],
        new_engine: NewEngine,
        games: Catalogue,
        rooms: Rooms,
        local_address: Callable[[], str],
        public_address: str,
        most_games: int,
    ) -> None:
        self._sessions = sessions
        self._match_host = match_host
        self._recorder = recorder
        self._stepping = stepping
        self._serials = serials
        self._new_engine = new_engine
        self._games = games
        self._rooms = rooms
        self._local_address = local_address
        self._public_address = public_address
        self._shares = Shares(most_games, sessions)

    async def serve(self, context: Context) -> None:
        """One stream, from its first message to its end."""
        first = await context.read()
        kind = None if first is grpc.aio.EOF else first.WhichOneof("message")
        if kind not in ("open", "join"):
            raise InvalidArgument(f"the first message is {kind}; it should be open or join")
        message = getattr(first, kind)
        resume = message.HasField("resume_sequence")
        owner = caller().owner
        if resume:
            session = self._sessions.resume(message.session_id, message.resume_token, owner)
        else:
            games = message.num_games if kind == "open" else len(message.seat_tokens)
            with (
                self._sessions.reserve(message.session_id, message.resume_token),
                self._shares.reserved(owner, games),
            ):
                session = await patiently(context, self._make(first, owner))
                session.owner = owner
                self._sessions.add(session)
        with self._sessions.stream(session) as stream:
            await patiently(context, session.settled())
            if resume:
                session.progress.check_resume(message.resume_sequence)
            address = self._local_address() if session.any_thread else ""
            response = await session.response()
            # Many megabytes are copied several times on the way into this message.
            first_answer = await self._stepping.in_thread(
                opened, session, response, address, self._public_address
            )
            await context.write(first_answer)
            closed = await _answer_steps(session, stream, context)
        if closed:
            self._sessions.close(session)

    async def _make(self, first: pb.RunGamesRequest, owner: str) -> GameSession:
        session: GameSession
        if first.HasField("open"):
            with within("open"):
                setup = await self._stepping.in_thread(
                    convert.training_setup, first.open, self._games
                )
            share = await self._rooms.take(
                setup.game, setup.settings, setup.num_games, with_state=setup.with_state
            )
            batch = await self._stepping.in_thread(setup.make, self._new_engine, share)
            encode, packing = await self._stepping.in_thread(_encoding, first.open, batch)
            session = await self._stepping.in_thread(
                Session,
                first.open.session_id,
                next(self._serials),
                batch,
                self._stepping,
                encode,
            )
            session.packing = packing
        else:
            board = await self._match_host.join(first.join.seat_tokens, owner)
            trace = tracing.current()
            for game in board.games:
                game.match.trace = trace
            await self._end_other(board)
            encode, packing = await self._stepping.in_thread(_encoding, first.join, board.batch)
            session = await self._stepping.in_thread(
                MatchSession,
                first.join.session_id,
                next(self._serials),
                board,
                self._stepping,
                encode,
                self._recorder,
            )
            session.packing = packing
        return session

    async def _end_other(self, board: Board) -> None:
        """Ends the session that has played the board so far, if any."""
        for session in self._sessions:
            if session.plays(board.batch):
                self._sessions.drop(session, Conflict("its games were joined by another session"))
                await session.settled()


def _encoding(
    message: pb.OpenSession | pb.JoinSession, batch: Batch
) -> tuple[Callable[[int, Report], bytes], int]:
    """How a session's steps are encoded, and the hash of their packing; 0 where they are plain."""
    # Games that were joined may be joined again, by who wants them plain.
    alone = isinstance(message, pb.OpenSession)
    packed = packed_steps(batch, alone=alone) if message.packed else None
    return (encode_step, 0) if packed is None else (packed, packed.hash)


async def _answer_steps(session: GameSession, stream: Holder, context: Context) -> bool:
    """Answers until the session is over; returns whether the client closed it."""
    while not session.over:
        request = await stream.wait(context.read)
        # A stream that broke looks like one that its client has ended.
        if request is grpc.aio.EOF:
            return False
        step = asked(request, session.batch)
        if step is None:
            return True
        playing = session.play(step.sequence, step.actions, step.reseat)
        try:
            answer = await (playing if session.short else patiently(context, playing))
        except InvalidArgument as error:
            raise error.within("step") from error
        await context.write(answer)
    return False


async def patiently(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """What some work returns; while it takes long, tells the client to wait on.

    How long that may be is for the work to say: what foreign games do has limits of its own.
    """
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=WAITING_SECONDS))[0]:
            await context.write(_WAITING)
    finally:
        task.cancel()
    return await task
