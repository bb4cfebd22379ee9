"""Large pages of leaderboards are made once, and kept in Redis for other instances."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2
from services._harness import serve
from services.elo.bind import bind
from tests.redis_process import redis_process
from tests.servers.elo_results import RESULTS, settings_in

pytestmark = pytest.mark.redis


async def test_a_large_page_is_shared_and_redis_is_not_needed(tmp_path: Path) -> None:
    with redis_process() as redis:
        async with serve(settings_in(tmp_path, redis_url=redis.url), bind) as server:
            client = EloClient(server.address)
            ladder = RESULTS[0].ladder

            async def page(size: int) -> elo_pb2.GetLeaderboardResponse:
                return await asyncio.to_thread(client.leaderboard, ladder, page_size=size)

            def kept() -> list[bytes]:
                with Redis.from_url(redis.url) as stored:
                    return list(stored.scan_iter("mazemesh:elo:page:*"))

            await asyncio.to_thread(client.record, RESULTS[:60])
            small = await page(50)
            assert await asyncio.to_thread(kept) == []
            large = await page(1000)
            assert [one.player for one in large.players] == [one.player for one in small.players]
            assert len(await asyncio.to_thread(kept)) == 1
            assert await page(1000) == large
            await asyncio.to_thread(client.record, RESULTS[60:])
            newer = await page(1000)
            assert newer.matches == len(RESULTS)
            await asyncio.to_thread(redis.kill)
            assert await page(1000) == newer
            assert (await page(999)).players == newer.players
            await asyncio.to_thread(redis.start)
            client.close()
