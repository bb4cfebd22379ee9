"""What rests on Redis alone: calls, scripts and notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mazemesh.errors import Unavailable
from mazemesh.process.errors import StartError
from services._harness.notices import Notices
from services._harness.stores.redis_notices import RedisNotices
from services._harness.stores.redis_server import RedisServer
from tests.contract.test_notices import NoticesContract, running
from tests.redis_process import RedisProcess

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "redis://localhost:one"])
async def test_what_is_no_url_of_redis_is_refused(url: str) -> None:
    with pytest.raises(StartError, match="redis_url"):
        RedisServer(url)


async def test_more_calls_than_connections_take_turns(redis_server: RedisServer) -> None:
    key = redis_server.key("count")
    await asyncio.gather(*(redis_server.call(lambda redis: redis.incr(key)) for _ in range(200)))
    assert await redis_server.call(lambda redis: redis.get(key)) == b"200"


async def test_a_server_that_is_away_is_unavailable_and_comes_back(
    redis_own: RedisProcess,
) -> None:
    server = RedisServer(redis_own.url)
    answer = server.script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert await answer([server.key("a")], [3]) == 3
    assert not server.is_away
    await asyncio.to_thread(redis_own.kill)
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable, match="Redis"):
            await answer([server.key("a")], [3])
    assert server.is_away
    await asyncio.to_thread(redis_own.start)
    # The new server knows neither the key nor the script.
    assert await answer([server.key("a")], [3]) == 3
    await server.close()


@asynccontextmanager
async def redis_notices(url: str) -> AsyncIterator[RedisNotices]:
    server = RedisServer(url)
    notices = RedisNotices(server)
    async with running(notices):
        await asyncio.wait_for(notices.listening.wait(), 10)
        yield notices
    await server.close()


class TestRedisNotices(NoticesContract):
    @pytest.fixture
    async def sender(self, redis_shared: RedisProcess) -> AsyncIterator[Notices]:
        async with redis_notices(redis_shared.url) as notices:
            yield notices

    @pytest.fixture
    async def receiver(self, redis_shared: RedisProcess) -> AsyncIterator[Notices]:
        async with redis_notices(redis_shared.url) as notices:
            yield notices


async def test_after_a_restart_notices_come_again(redis_own: RedisProcess) -> None:
    async with redis_notices(redis_own.url) as sender, redis_notices(redis_own.url) as receiver:
        await asyncio.to_thread(redis_own.kill)
        sender.publish("policies")  # is lost, as nobody can carry it
        look = receiver.listen("policies")  # before the connection can stand again
        await asyncio.to_thread(redis_own.start)
        async with asyncio.timeout(60):
            while not await look.wait():  # it is told to look when the connection stands again
                pass
            await asyncio.gather(sender.listening.wait(), receiver.listening.wait())
            sender.publish("policies")
            while not await look.wait():
                pass
