"""Notices over a channel of Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Final

from redis import exceptions
from redis.asyncio import Redis

from mazemesh.errors import Unavailable
from services._harness.stores.redis_server import RedisServer
from services._harness.stores.remote_notices import Message, RemoteNotices

_LISTEN_SECONDS: Final = 5.0


class RedisNotices(RemoteNotices):
    """`Notices` by publish and subscribe."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__(RedisWire(server))


class RedisWire:
    """A `Wire`."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._channel = server.key("notices")

    async def send(self, sender: str, topics: Collection[str]) -> None:
        """See `Wire`."""
        message = " ".join([sender, *topics])
        await self._server.call(partial(_publish, self._channel, message))

    async def receive(self) -> AsyncIterator[Message | None]:
        """See `Wire`."""
        try:
            async with (
                self._server.listener() as redis,
                redis.pubsub(ignore_subscribe_messages=True) as channel,
            ):
                await channel.subscribe(self._channel)
                yield None
                while True:
                    # A ping in each silence tells whether the server is there at all.
                    message = await channel.get_message(timeout=_LISTEN_SECONDS)
                    if message is None:
                        await channel.ping()
                    elif message["type"] == "message":
                        sender, *topics = message["data"].decode("utf-8", "replace").split(" ")
                        yield sender, topics
        except (exceptions.RedisError, OSError) as error:
            raise Unavailable(str(error).strip()) from error


async def _publish(channel: str, message: str, redis: Redis) -> None:
    await redis.publish(channel, message)
