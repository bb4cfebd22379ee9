"""Notices over a channel of Redis."""

from __future__ import annotations

import asyncio
import random
import uuid
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from redis import exceptions
from redis.asyncio import Redis

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.notices import POLL_SECONDS, LocalNotices, Look
from services._harness.stores.redis_server import RedisServer

_LONGEST_PAUSE: Final = 5.0
_LISTEN_SECONDS: Final = 5.0


class RedisNotices:
    """`Notices` by publish and subscribe.

    Topics that are published while one command is on its way go together with the next. Redis keeps
    nothing for who does not listen at the moment: that one looks within a second.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._channel = server.key("notices")
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
            message = " ".join([self._instance, *sorted(topics)])
            with suppress(Unavailable, ResourceExhausted):
                await self._server.call(partial(_publish, self._channel, message))

    async def _receive(self) -> None:
        pause = 0.1
        while True:
            try:
                async with self._server.redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self._channel)
                    self.listening.set()
                    self._local.wake_all()
                    pause = 0.1
                    while True:
                        # A ping in each silence tells whether the server is there at all.
                        message = await channel.get_message(timeout=_LISTEN_SECONDS)
                        if message is None:
                            await channel.ping()
                        elif message["type"] == "message":
                            self._take(message["data"])
            except (exceptions.RedisError, OSError) as error:
                self._log.warning("notices are not heard for now", reason=str(error).strip())
            finally:
                self.listening.clear()
            # Instances that lost one server together should not come back together.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _take(self, data: bytes) -> None:
        instance, *topics = data.decode("utf-8", "replace").split(" ")
        if instance != self._instance:
            for topic in topics:
                self._local.publish(topic)


async def _publish(channel: str, message: str, redis: Redis) -> None:
    await redis.publish(channel, message)
