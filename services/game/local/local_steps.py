"""Steps of training sessions whose client is on the same machine, in a thread of their own.

Sessions are opened at the server's own address; then a client may go on here. What is rare is done
in the event loop, a step in the thread that received it (docs/adr/0068).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from mazemesh.errors import FailedPrecondition, InvalidArgument, Unavailable
from mazemesh.process.logging import call_fields
from mazemesh.v1 import game_pb2 as pb
from services._harness.calls.handlers import limited
from services._harness.server import KEEPALIVE
from services.game.local.own_thread_server import OwnThreadServer, ServerStream
from services.game.wire.handlers import MAX_BYTES
from services.game.wire.steps import asked, opened

if TYPE_CHECKING:
    from services.game.run_games import GameSession, GameSessions

METHOD = "/mazemesh.v1.GameService/RunGames"
_OPTIONS = (
    *KEEPALIVE,
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
)

_decode = limited(pb.RunGamesRequest.FromString, MAX_BYTES["RunGames"])


class LocalSteps:
    """Serves RunGames to clients of this machine.

    It listens at a path in a folder of its own, which this user alone can enter: no key is asked
    for here. (An abstract socket of Linux could be reached by every user.)

    Attributes:
        streams: how many there are now.
    """

    def __init__(
        self,
        sessions: GameSessions,
        counted: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Listens at once, in the running event loop.

        Args:
            sessions: Those that clients may go on with.
            counted: Counts a stream while its block runs.

        Raises:
            OSError: gRPC cannot listen there.
            AttributeError, ImportError, TypeError: gRPC is built in another way.
        """
        self._sessions = sessions
        self._counted = counted
        self._loop = asyncio.get_running_loop()
        self.streams = 0
        self._plays: set[_Play] = set()
        # Of mode 700; its name is random, so nobody can have made it before.
        self._folder = tempfile.TemporaryDirectory(prefix="mazemesh-")
        self._address = f"unix:{self._folder.name}/steps"
        try:
            self._server = OwnThreadServer(
                self._address, METHOD, self._begin, _OPTIONS, self._thread_ended
            )
        except BaseException:
            self._folder.cleanup()
            raise

    @property
    def address(self) -> str:
        """For clients; empty when nobody answers there any more."""
        return self._address if self._server.alive else ""

    async def stop(self) -> None:
        """Ends the streams that are left."""
        await asyncio.to_thread(self._server.stop)
        self._folder.cleanup()

    def _thread_ended(self) -> None:
        """Sends clients back to the server's own address. In the server's thread."""
        with suppress(RuntimeError):  # the loop has ended too
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for play in list(self._plays):
            play.end(Unavailable("the thread that answered here has ended"))

    def _begin(self, stream: ServerStream, message: bytes) -> None:
        asyncio.run_coroutine_threadsafe(self._serve(stream, message), self._loop)

    async def _serve(self, stream: ServerStream, message: bytes) -> None:
        """One stream, from its first message to its end; in the event loop."""
        self.streams += 1
        call_fields.set(lambda: {"method": METHOD})
        try:
            with self._counted():
                await self._hold(stream, message)
            stream.end(None)
        except asyncio.CancelledError:
            stream.end(Unavailable("the Game service is stopping"))
            raise
        except Exception as error:  # `refusal` logs those that are nobody's answer
            stream.end(error)
        finally:
            self.streams -= 1

    async def _hold(self, stream: ServerStream, message: bytes) -> None:
        opening = _request(message).open
        if not opening.HasField("resume_sequence"):
            raise InvalidArgument("open.resume_sequence is not set; open sessions at the server")
        session = self._sessions.resume(opening.session_id, opening.resume_token)
        if not session.any_thread:
            raise FailedPrecondition(
                f"session {opening.session_id!r} is joined, large, foreign or watched; it should "
                "be resumed at the server's own address"
            )
        play = _Play(session, self._loop)
        with self._sessions.stream(session) as holder:
            session.progress.check_resume(opening.resume_sequence)
            first = opened(session, await session.response())
            self._plays.add(play)
            stream.start(first, play.answer, play.over)
            try:
                await holder.wait(lambda: play.ended)
            finally:
                self._plays.discard(play)
        if play.closed:
            self._sessions.close(session)


class _Play:
    """A session at the other end of a stream.

    Attributes:
        ended: done when no message comes any more, with the error if one ended the stream.
        closed: whether the client closed the session.
    """

    def __init__(self, session: GameSession, loop: asyncio.AbstractEventLoop) -> None:
        self._session, self._loop = session, loop
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closed = False

    def answer(self, message: bytes) -> bytes | None:
        """A step's answer; None once the session is closed. In the server's thread.

        Raises:
            MazemeshError: as the step is wrong.
        """
        request = _request(message)
        session = self._session
        step = asked(request, session.batch)
        if step is None:
            self.closed = True
            return None
        try:
            if session.any_thread:
                return session.play_now(step.sequence, step.actions, step.reseat)
            # Those who watch wait in the event loop.
            played = session.play(step.sequence, step.actions, step.reseat)
            return asyncio.run_coroutine_threadsafe(played, self._loop).result()
        except InvalidArgument as error:
            raise error.within("step") from error

    def over(self, error: BaseException | None) -> None:
        """Ends `ended`. In the server's thread."""
        self._loop.call_soon_threadsafe(partial(self.end, error))

    def end(self, error: BaseException | None) -> None:
        """The same in the event loop; the first end counts."""
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


def _request(message: bytes) -> pb.RunGamesRequest:
    try:
        return _decode(message)
    except DecodeError as error:
        raise InvalidArgument(f"the message is no RunGamesRequest: {error}") from error
