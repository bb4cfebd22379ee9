"""What a store of priorities must do: the unit tests' fake, and a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from mazemesh.errors import Unavailable
from services._harness.stores.redis_server import RedisServer
from services.replay.store import PriorityStore
from services.replay.stores.redis_priorities import RedisPriorities
from tests.redis_process import RedisProcess
from tests.unit.replay.priorities.test_recorder import FakePriorities


async def entries(store: PriorityStore, table: str = "table") -> list[bytes]:
    return [entry async for entry in store.read(table)]


class PriorityStoreContract:
    @pytest.fixture
    def store(self) -> PriorityStore:
        raise NotImplementedError

    async def test_an_unknown_table_has_none(self, store: PriorityStore) -> None:
        assert await entries(store) == []
        await store.delete("table")

    async def test_entries_come_back_in_their_order(self, store: PriorityStore) -> None:
        assert await store.append("table", [b"a", b"b"]) == 2
        assert await store.append("table", [b"\x00\xff"]) == 3
        assert await store.append("other", [b"x"]) == 1
        assert await entries(store) == [b"a", b"b", b"\x00\xff"]

    async def test_many_entries(self, store: PriorityStore) -> None:
        many = [b"%d" % number for number in range(100)]
        assert await store.append("table", many) == 100
        assert await entries(store) == many

    async def test_they_are_replaced_by_others(self, store: PriorityStore) -> None:
        await store.append("table", [b"a", b"b"])
        assert await store.replace("table", iter([b"c"])) == 1
        assert await store.append("table", [b"d"]) == 2
        assert await entries(store) == [b"c", b"d"]
        assert await store.replace("table", iter([])) == 0
        assert await entries(store) == []

    async def test_a_deleted_table_has_none(self, store: PriorityStore) -> None:
        await store.append("table", [b"a"])
        await store.append("table:more", [b"b"])
        await store.delete("table")
        assert await entries(store) == []
        assert await entries(store, "table:more") == [b"b"]


class TestFakePriorities(PriorityStoreContract):
    @pytest.fixture
    def store(self) -> PriorityStore:
        return FakePriorities()


@pytest.mark.redis
class TestRedisPriorities(PriorityStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> PriorityStore:
        return RedisPriorities(redis_server, "0")

    async def test_shards_are_apart(self, redis_server: RedisServer, store: PriorityStore) -> None:
        await RedisPriorities(redis_server, "1").append("table", [b"a"])
        assert await entries(store) == []


@pytest.mark.redis
async def test_what_is_lost_shows_and_all_has_an_end(redis_own: RedisProcess) -> None:
    server = RedisServer(redis_own.url)
    store = RedisPriorities(server, "0")
    await store.append("table", [b"a"])
    await store.replace("other", [b"b"])
    assert await asyncio.to_thread(redis_own.keys_without_end) == []
    await asyncio.to_thread(redis_own.flush)
    assert await store.append("table", [b"b"]) == 1
    await asyncio.to_thread(redis_own.kill)
    with pytest.raises(Unavailable):
        await store.append("table", [b"c"])
    with pytest.raises(Unavailable):
        await entries(store)
    await asyncio.to_thread(redis_own.start)
    assert await entries(store) == []
    await server.close()
