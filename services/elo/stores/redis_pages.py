"""Pages of leaderboards in Redis, made once for all instances."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.stores.redis_server import RedisServer

KEPT_SECONDS: Final = 60
_MOST_BYTES: Final = 1 << 20


class RedisPages:
    """A `PageStore` in Redis; while that is away it holds nothing."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, key: str) -> bytes | None:
        """See `PageStore`."""
        if self._server.is_away:
            return None
        found: bytes | None = None
        with suppress(ResourceExhausted, Unavailable):
            found = await self._server.call(lambda redis: redis.get(self._key(key)))
        return found

    async def put(self, key: str, page: bytes) -> None:
        """See `PageStore`."""
        if self._server.is_away or len(page) > _MOST_BYTES:
            return
        with suppress(ResourceExhausted, Unavailable):
            await self._server.call(lambda redis: redis.set(self._key(key), page, ex=KEPT_SECONDS))

    def _key(self, key: str) -> str:
        return self._server.key("elo", "page", key)
