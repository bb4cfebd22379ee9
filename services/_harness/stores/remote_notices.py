"""Notices that go over a server which instances share; what carries them is a `Wire`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Final, Protocol

import structlog

from mazemesh.client.calling.pauses import jittered
from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.notices import POLL_SECONDS, LocalNotices, Look

_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0

Message = tuple[str, Collection[str]]
"""Who sent it, and its topics."""


class Wire(Protocol):
    """Carries words from each instance to all, as long as its server is there."""

    async def send(self, sender: str, topics: Collection[str]) -> None:
        """Tells all that listen; raises Unavailable or ResourceExhausted where it cannot."""

    def receive(self) -> AsyncIterator[Message | None]:
        """None as soon as it listens, then each message.

        Raises:
            Unavailable: the server cannot be reached, or the connection ended.
        """


class RemoteNotices:
    """`Notices` over a wire. Topics that are published while a message is on its way go together.

    Nothing is kept for who does not listen now: that one looks within a second.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._local = LocalNotices(POLL_SECONDS)
        self._instance = uuid.uuid4().hex
        self._unsent: set[str] = set()
        self._to_send = asyncio.Event()
        self._log = structlog.get_logger("services.notices")
        self.listening = asyncio.Event()
        """Set while a connection listens."""

    def publish(self, topic: str) -> None:
        """See `Notices`."""
        self._local.publish(topic)
        self._unsent.add(topic)
        self._to_send.set()

    def listen(self, topic: str) -> Look:
        """See `Notices`."""
        return self._local.listen(topic)

    def forget(self, look: Look) -> None:
        """See `Notices`."""
        self._local.forget(look)

    async def run(self) -> None:
        """See `Notices`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send())
            group.create_task(self._receive())

    async def _send(self) -> None:
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            topics, self._unsent = self._unsent, set()
            # Who is not told looks within a second.
            with suppress(Unavailable, ResourceExhausted):
                await self._wire.send(self._instance, sorted(topics))

    async def _receive(self) -> None:
        pause = _SHORTEST_PAUSE
        while True:
            try:
                async for message in self._wire.receive():
                    if message is None:
                        self.listening.set()
                        self._local.wake_all()
                        pause = _SHORTEST_PAUSE
                    else:
                        self._take(*message)
            except Unavailable as error:
                self._log.warning("notices are not heard for now", reason=str(error))
            finally:
                self.listening.clear()
            # Instances that lost one server together should not come back together.
            await asyncio.sleep(jittered(pause))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _take(self, sender: str, topics: Collection[str]) -> None:
        if sender != self._instance:
            for topic in topics:
                self._local.publish(topic)
