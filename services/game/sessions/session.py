"""A session of RunGames: a batch of games that one client steps over one stream at a time."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from mazemesh.errors import MazemeshError
from services.game.play.batch import Actions, Batch, Int8Array, Int32Array, Report
from services.game.play.hold import Hold
from services.game.play.progress import Progress
from services.game.play.stepping import Stepping

Response = TypeVar("Response")

_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Reseat:
    """Who plays `games` [k] from their next episode on: `controllers` int8 [k, seats]."""

    games: Int32Array
    controllers: Int8Array


class Session(Generic[Response]):
    """Training games under a session id.

    Args:
        session_id: chosen by the client.
        batch: the games.
        stepping: how to step them.
        encode: (sequence, report) -> the response; copies what it keeps of the report.

    Attributes:
        serial: grows from session to session; the order of listings.
        create_time: seconds since the epoch.
        hold: the stream that speaks for the session.
        resume_token: the secret by which a client may go on over another stream.
        owner: id of the key that made it, by which alone it can be resumed; empty without keys.
        packing: what `SessionOpened.packing` tells of its responses.
    """

    def __init__(
        self,
        session_id: str,
        serial: int,
        batch: Batch,
        stepping: Stepping,
        encode: Callable[[int, Report], Response],
    ) -> None:
        self.session_id = session_id
        self.serial = serial
        self.create_time = stepping.time()
        self.batch = batch
        self.hold = Hold(f"session {session_id!r}")
        self.resume_token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.owner = ""
        self.packing = 0
        self.progress = Progress(encode(0, batch.first_report()))
        self._stepping = stepping
        self._short = stepping.is_inline(batch)
        self._encode = encode
        self._running: asyncio.Task[None] | None = None

    def knows(self, resume_token: str) -> bool:
        """Whether it is the session's token; how long that takes tells nothing."""
        return hmac.compare_digest(resume_token.encode(), self.resume_token.encode())

    @property
    def trains(self) -> bool:
        """Whether its games are endless training, of which lists show the session as one."""
        return True

    @property
    def game_ids(self) -> list[str]:
        """Ids of its games, where each has one of its own; empty in training."""
        return []

    def plays(self, batch: Batch) -> bool:
        """Whether it steps the batch, which another session could take over."""
        return self.batch is batch

    @property
    def over(self) -> bool:
        """Whether no step can follow; training goes on for ever."""
        return False

    async def play(self, sequence: int, actions: Actions, reseat: Reseat | None = None) -> Response:
        """The response to a step; the last response again when the last sequence comes again.

        Raises:
            FailedPrecondition: another sequence.
            InvalidArgument: an action, game or controller that is none; nothing was played.
        """
        await self.settled()
        if self._short:
            self._play(sequence, actions, reseat, show=True)
        elif self._is_next(sequence, actions, reseat):
            # A stream that breaks must not leave the engine in the middle of a step.
            self._running = asyncio.create_task(self._step_in_thread(actions))
            await asyncio.shield(self._running)
        return await self.response()

    @property
    def short(self) -> bool:
        """Whether a step is played at once; otherwise its client should be told to wait on."""
        return self._short

    @property
    def any_thread(self) -> bool:
        """Whether `play_now` may be called: steps are short, and nobody watches."""
        return self._short and not self.batch.watchers

    def play_now(self, sequence: int, actions: Actions, reseat: Reseat | None = None) -> Response:
        """As `play`, in any thread; who began to watch meanwhile is not shown this step."""
        self._play(sequence, actions, reseat, show=False)
        return self.progress.response

    async def response(self) -> Response:
        """The last response, once it may be sent."""
        await self.settled()
        return self.progress.response

    async def settled(self) -> None:
        """Waits for a step that is being played; its error belongs to the call that began it."""
        if self._running is not None:
            await asyncio.wait({self._running})

    def reseat(self, reseat: Reseat) -> None:
        """Changes controllers from the next episodes on.

        Raises:
            InvalidArgument: a game or a controller that is none.
        """
        self.batch.reseat(reseat.games, reseat.controllers)

    def end(self, reason: MazemeshError) -> None:
        """The session is gone: its stream ends, and so do those who watch."""
        self.hold.end(reason)
        self.batch.watchers.end_all()
        with self.batch.lock:
            self.batch.close()

    def _play(self, sequence: int, actions: Actions, reseat: Reseat | None, *, show: bool) -> None:
        with self.batch.lock:
            if self._is_next(sequence, actions, reseat):
                report = self._stepping.step(self.batch, actions, show=show)
                self._advance(self._encode(self.progress.sequence + 1, report), report)

    def _is_next(self, sequence: int, actions: Actions, reseat: Reseat | None) -> bool:
        """Whether a step is to be played, which is then fit to be; False: it is the last again."""
        if not self.progress.is_next(sequence):
            return False
        self.batch.check(actions)
        if reseat is not None:
            self.reseat(reseat)
        return True

    async def _step_in_thread(self, actions: Actions) -> None:
        encode = partial(self._encode, self.progress.sequence + 1)
        report, response = await self._stepping.step_in_thread(self.batch, actions, encode)
        self._advance(response, report)

    def _advance(self, response: Response, report: Report) -> None:
        """Takes up a step that was played."""
        self.progress.advance(response)
