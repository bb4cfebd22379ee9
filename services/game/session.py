"""A session of RunGames: a batch of games that one client steps over one stream at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mazemesh.errors import MazemeshError
from services.game.batch import Batch, Int8Array, Int32Array, Report
from services.game.hold import Hold
from services.game.progress import Progress

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True)
class Reseat:
    """Who plays `games` [k] from their next episode on: `controllers` int8 [k, seats]."""

    games: Int32Array
    controllers: Int8Array


@dataclass(frozen=True, slots=True)
class Stepping(Generic[Response]):
    """How sessions step.

    Attributes:
        encode: (sequence, report) -> the response; copies what it keeps of the report.
        on_step: called after each step that was played, with the seconds it took.
        clock: seconds of a monotonic clock.
        inline_seats: batches of up to so many seats are stepped in the event loop: there the switch
            to a thread and back costs more than the step.
    """

    encode: Callable[[int, Report], Response]
    on_step: Callable[[Batch, Report, float], None]
    clock: Callable[[], float]
    inline_seats: int


class Session(Generic[Response]):
    """Training games under a session id."""

    def __init__(self, session_id: str, batch: Batch, stepping: Stepping[Response]) -> None:
        self.session_id = session_id
        self.batch = batch
        self.hold = Hold(f"session {session_id!r}")
        self.progress = Progress(stepping.encode(0, batch.first_report()))
        self._stepping = stepping
        self._running: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether no step can follow; training goes on for ever."""
        return False

    async def play(
        self, sequence: int, actions: Int8Array, reseat: Reseat | None = None
    ) -> Response:
        """The response to a step; the last response again when the last sequence comes again.

        Raises:
            FailedPrecondition: another sequence.
            InvalidArgument: an action, game or controller that is none; nothing was played.
        """
        await self.settled()
        if self.progress.is_next(sequence):
            self.batch.check(actions)
            if reseat is not None:
                self.reseat(reseat)
            if self.batch.seats <= self._stepping.inline_seats:
                self._step(actions)
            else:
                # A stream that breaks must not leave the engine in the middle of a step.
                self._running = asyncio.create_task(self._step_in_thread(actions))
                await asyncio.shield(self._running)
        return await self.response()

    async def response(self) -> Response:
        """The last response, once it may be shown."""
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

    def _step(self, actions: Int8Array) -> None:
        start = self._stepping.clock()
        self.batch.step(actions)
        self._stepped(self._stepping.clock() - start)

    async def _step_in_thread(self, actions: Int8Array) -> None:
        start = self._stepping.clock()
        await asyncio.to_thread(self.batch.step, actions)
        self._stepped(self._stepping.clock() - start)

    def _stepped(self, seconds: float) -> None:
        report = self.batch.report()
        self.progress.advance(self._stepping.encode(self.progress.sequence + 1, report))
        self.batch.show()
        self._stepping.on_step(self.batch, report, seconds)
