"""Present priorities in Redis: a list of entries for each table of a shard."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from operator import methodcaller
from typing import Final

from redis.asyncio import Redis

from services._harness.stores.redis_server import RedisServer

KEPT_SECONDS: Final = 7 * 86_400
"""How long priorities are kept that nobody changes."""

_REPLACING_SECONDS: Final = 600
_READ_AT_ONCE: Final = 16


class RedisPriorities:
    """A `PriorityStore` of one shard."""

    def __init__(self, server: RedisServer, shard: str) -> None:
        self._server = server
        self._shard = shard

    async def append(self, table: str, entries: Sequence[bytes]) -> int:
        """See `PriorityStore`."""
        return await self._push(self._key(table), entries, KEPT_SECONDS)

    async def replace(self, table: str, entries: Iterable[bytes]) -> int:
        """See `PriorityStore`."""
        key, beside = self._key(table), self._key(table, uuid.uuid4().hex)
        count = 0
        for entry in entries:
            count = await self._push(beside, [entry], _REPLACING_SECONDS)
        if not count:
            await self.delete(table)
            return 0

        async def switch(redis: Redis) -> object:
            async with redis.pipeline(transaction=True) as both:
                both.rename(beside, key)
                both.expire(key, KEPT_SECONDS)
                return await both.execute()

        await self._server.call(switch)
        return count

    async def read(self, table: str) -> AsyncIterator[bytes]:
        """See `PriorityStore`."""
        key, start = self._key(table), 0
        while True:
            end = start + _READ_AT_ONCE - 1
            part: list[bytes] = await self._server.call(methodcaller("lrange", key, start, end))
            for entry in part:
                yield entry
            if len(part) < _READ_AT_ONCE:
                return
            start += len(part)

    async def delete(self, table: str) -> None:
        """See `PriorityStore`."""
        await self._server.call(lambda redis: redis.delete(self._key(table)))

    async def _push(self, key: str, entries: Sequence[bytes], seconds: int) -> int:
        async def push(redis: Redis) -> int:
            async with redis.pipeline(transaction=True) as both:
                both.rpush(key, *entries)
                both.expire(key, seconds)
                length, _ = await both.execute()
                return int(length)

        length: int = await self._server.call(push)
        return length

    def _key(self, table: str, *more: str) -> str:
        return self._server.key("replay", self._shard, "priorities", table, *more)
