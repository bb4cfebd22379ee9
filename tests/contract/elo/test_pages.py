"""Pages of leaderboards that instances share, in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from services._harness.stores.redis_server import RedisServer
from services.elo.stores.redis_pages import RedisPages
from tests.redis_process import RedisProcess

pytestmark = pytest.mark.redis


async def test_a_page_is_there_for_all(redis_server: RedisServer) -> None:
    first, second = RedisPages(redis_server), RedisPages(redis_server)
    assert await second.get("race/1/2/200/") is None
    await first.put("race/1/2/200/", b"\x00page")
    assert await second.get("race/1/2/200/") == b"\x00page"
    await first.put("large", bytes(2 << 20))
    assert await second.get("large") is None


async def test_without_redis_there_are_none_and_nobody_waits(redis_own: RedisProcess) -> None:
    server = RedisServer(redis_own.url)
    pages = RedisPages(server)
    await pages.put("key", b"page")
    assert await asyncio.to_thread(redis_own.keys_without_end) == []
    await asyncio.to_thread(redis_own.kill)
    assert await pages.get("key") is None
    assert server.is_away
    await pages.put("key", b"page")
    await asyncio.to_thread(redis_own.start)
    assert await RedisPages(RedisServer(redis_own.url)).get("key") is None
    await server.close()
