"""What a store of live games must do, in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from services._harness.stores.redis_server import RedisServer
from services.game.stores.redis_live_games import RedisLiveGames
from tests.redis_process import RedisProcess

pytestmark = pytest.mark.redis


async def test_each_sees_what_the_others_put_last(redis_server: RedisServer) -> None:
    first, second, third = (RedisLiveGames(redis_server, name) for name in "abc")
    assert await first.others() == []
    await first.put(b"old")
    await first.put(b"")
    await second.put(b"\x00two")
    assert await first.others() == [b"\x00two"]
    assert await second.others() == [b""]
    assert sorted(await third.others()) == [b"", b"\x00two"]


async def test_what_was_flushed_is_gone_until_it_is_put_again(redis_own: RedisProcess) -> None:
    server = RedisServer(redis_own.url)
    first, second = (RedisLiveGames(server, name) for name in "ab")
    await first.put(b"one")
    assert await asyncio.to_thread(redis_own.keys_without_end) == []
    await asyncio.to_thread(redis_own.flush)
    assert await second.others() == []
    await first.put(b"one")
    assert await second.others() == [b"one"]
    await server.close()
