"""What every instance of Game plays, in Redis: a text for each instance, which soon ends."""

from __future__ import annotations

from typing import Final

from services._harness.stores.redis_server import RedisServer

KEPT_SECONDS: Final = 5
"""How long an instance is believed that tells nothing any more."""

# KEYS: instances, own list. ARGV: instance, list, seconds.
_PUT = """
local now = redis.call('TIME')[1]
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""


class RedisLiveGames:
    """A `LiveGameStore` in Redis."""

    def __init__(self, server: RedisServer, instance: str) -> None:
        self._server = server
        self._instance = instance
        self._put = server.script(_PUT)
        self._instances = server.key("game", "live")

    async def put(self, games: bytes) -> None:
        """See `LiveGameStore`."""
        keys = [self._instances, self._key(self._instance)]
        await self._put(keys, [self._instance, games, KEPT_SECONDS])

    async def others(self) -> list[bytes]:
        """See `LiveGameStore`."""
        known = await self._server.call(lambda redis: redis.zrange(self._instances, 0, -1))
        keys = [self._key(one.decode()) for one in known if one.decode() != self._instance]
        if not keys:
            return []
        found = await self._server.call(lambda redis: redis.mget(keys))
        return [games for games in found if games is not None]

    def _key(self, instance: str) -> str:
        return self._server.key("game", "live", instance)
