"""ExternalEpisodes of model.proto: one simulator a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Final

import structlog

from mazemesh.errors import DeadlineExceeded, InvalidArgument, Unavailable
from mazemesh.v1 import model_pb2 as pb
from services.model.external.answering import Answering
from services.model.external.simulator import Simulator
from services.model.external.simulators import Simulators
from services.model.external.turns import Told
from services.model.wire.external.external_messages import read_simulator, read_turn, told_message

AT_ONCE: Final = 16
"""Turns of a stream that are being answered, and messages that it has not taken: as long as there
are so many the next turn is not read."""

_DRAIN_SECONDS: Final = 2.0

_HEARTBEAT: Final = pb.ExternalEpisodesResponse(heartbeat=True)

_log = structlog.get_logger(__name__)

Messages = AsyncIterator[pb.ExternalEpisodesRequest]


class ExternalStreams:
    """Serves simulators.

    Args:
        simulators: What they share.
        heartbeat_seconds: Of silence at most.
        idle_seconds: Of a simulator's silence, after which its stream ends.
    """

    def __init__(
        self, simulators: Simulators, heartbeat_seconds: float, idle_seconds: float
    ) -> None:
        self.simulators = simulators
        self._heartbeat, self._idle = heartbeat_seconds, idle_seconds
        self._open: set[_Stream] = set()
        self._ended = asyncio.Event()
        self._closing = False

    async def serve(self, messages: Messages) -> AsyncGenerator[pb.ExternalEpisodesResponse]:
        """One stream, from its first message to its end."""
        if self._closing:
            raise _stopping()
        self.simulators.enter()
        stream = _Stream(self.simulators, self._idle)
        self._open.add(stream)
        reading = asyncio.create_task(stream.read(messages), name="simulator")
        try:
            while True:
                try:
                    async with asyncio.timeout(self._heartbeat):
                        told = await stream.next_told()
                except TimeoutError:
                    yield _HEARTBEAT
                    continue
                if told is None:
                    return
                if isinstance(told, Exception):
                    raise told
                yield told_message(told)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            stream.close()
            self._open.discard(stream)
            self.simulators.leave()
            if not self._open:
                self._ended.set()

    async def drain(self) -> None:
        """Ends all streams, and returns when what their agents lived through is handed over."""
        self._closing = True
        self._ended.clear()
        for stream in self._open:
            stream.tell(_stopping())
        if self._open:  # who does not read is not waited for
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self._ended.wait()


def _stopping() -> Unavailable:
    return Unavailable("the Model service stops; open another stream")


class _Stream:
    """What one simulator says, and is told."""

    def __init__(self, simulators: Simulators, idle_seconds: float) -> None:
        self._simulators, self._idle = simulators, idle_seconds
        self._told: asyncio.Queue[Told | Exception | None] = asyncio.Queue()
        self._simulator: Simulator | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._fewer = asyncio.Event()

    def tell(self, told: Told | Exception | None) -> None:
        """What the simulator is to be told next; an error, or None, ends the stream."""
        self._told.put_nowait(told)

    async def next_told(self) -> Told | Exception | None:
        """What it is told next."""
        told = await self._told.get()
        self._fewer.set()
        return told

    async def read(self, messages: Messages) -> None:
        """Reads to the end; how it ended is told."""
        try:
            await self._read(messages)
            if self._answering:
                await asyncio.wait(self._answering)
            self.tell(None)
        except Exception as error:  # whatever it is, the simulator waits for an end
            self.tell(error)

    async def _read(self, messages: Messages) -> None:
        first = await self._next(messages)
        if first is None:
            raise InvalidArgument("the stream has no message; the first should be simulator")
        name, kinds, lag = read_simulator(first)
        self._simulator = simulator = Simulator(self._simulators, kinds, lag)
        opened = await simulator.opened()
        _log.info("simulator", name=name, kinds=[kind.name for kind in kinds])
        self.tell(opened)
        answering = Answering(self._simulators, simulator, self.tell)
        while (message := await self._next(messages)) is not None:
            turn = read_turn(message)
            await self._room()
            work, failed = await simulator.take(turn)
            for one in failed:
                self.tell(one)
            task = asyncio.create_task(answering.answer(work))
            self._answering.add(task)
            task.add_done_callback(self._answered)

    async def _room(self) -> None:
        """Returns when another turn may be taken."""
        while len(self._answering) + self._told.qsize() >= AT_ONCE:
            self._fewer.clear()
            await self._fewer.wait()

    async def _next(self, messages: Messages) -> pb.ExternalEpisodesRequest | None:
        try:
            async with asyncio.timeout(self._idle):
                return await anext(messages, None)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"the simulator said nothing for {self._idle:g} s; its episodes are over"
            ) from error

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._fewer.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.tell(error if isinstance(error, Exception) else None)

    def close(self) -> None:
        """Nothing more is told: its agents are cut off."""
        for task in self._answering:
            task.cancel()
        if self._simulator is not None:
            self._simulator.close()
