"""What every store of sessions must do, in memory and in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument, ResourceExhausted
from services._harness.stores.redis_server import RedisServer
from services.model.inference import calls
from services.model.inference.sessions import Change, Kept, Remembering, SessionStore
from services.model.stores.memory_sessions import MemorySessions
from services.model.stores.redis_sessions import RedisSessions
from tests.redis_process import RedisProcess


class SessionStoreContract:
    @pytest.fixture
    def store(self) -> SessionStore:
        """A store that holds three sessions, and 100 bytes, at most."""
        raise NotImplementedError

    async def test_what_was_kept_is_there(self, store: SessionStore) -> None:
        assert await store.get(["a", "b"]) == [None, None]
        assert await store.put([Change("a", 0, b"12"), Change("b", 0, b"")]) is None
        assert await store.put([Change("a", 1, b"345")]) is None
        assert await store.get(["b", "a", "c"]) == [Kept(1, b""), Kept(2, b"345"), None]

    async def test_all_are_kept_or_none(self, store: SessionStore) -> None:
        await store.put([Change("a", 0, b"1"), Change("b", 0, b"1")])
        assert await store.put([Change("a", 1, b"2"), Change("b", 0, b"2")]) == 1
        assert await store.get(["a", "b"]) == [Kept(1, b"1"), Kept(1, b"1")]
        # One that is gone stands at 0.
        assert await store.put([Change("c", 3, b"2")]) == 0

    async def test_of_two_that_grew_from_one_step_one_is_kept(self, store: SessionStore) -> None:
        changes = [[Change("a", 0, state)] for state in (b"1", b"2")]
        told = await asyncio.gather(*(store.put(one) for one in changes))
        assert sorted(told, key=str) == [0, None]

    async def test_so_many_and_no_more(self, store: SessionStore) -> None:
        await store.put([Change(key, 0, b"1") for key in "abc"])
        with pytest.raises(ResourceExhausted, match="at most 3") as caught:
            await store.put([Change("d", 0, b"1")])
        assert caught.value.retry_after is not None
        assert await store.put([Change("a", 1, b"2")]) is None
        await store.delete(["b", "nobody"])
        assert await store.put([Change("d", 0, b"1")]) is None
        assert await store.get(["b", "d"]) == [None, Kept(1, b"1")]

    async def test_so_many_bytes_and_no_more(self, store: SessionStore) -> None:
        await store.put([Change("a", 0, bytes(60))])
        with pytest.raises(ResourceExhausted, match="at most 100"):
            await store.put([Change("b", 0, bytes(41))])
        assert await store.put([Change("a", 1, bytes(20))]) is None
        assert await store.put([Change("b", 0, bytes(80))]) is None


class TestMemory(SessionStoreContract):
    @pytest.fixture
    def store(self) -> SessionStore:
        return MemorySessions(3, 100, 60.0, lambda: 0.0)

    async def test_sessions_that_nobody_calls_end(self) -> None:
        now = 0.0
        store = MemorySessions(1, 100, 60.0, lambda: now)
        await store.put([Change("a", 0, b"1")])
        now = 59.0
        await store.put([Change("a", 1, b"2")])
        now = 118.0
        assert await store.get(["a"]) == [Kept(2, b"2")]
        now = 119.0
        assert await store.get(["a"]) == [None]
        assert await store.put([Change("b", 0, bytes(100))]) is None
        assert await store.count() == 1


class TestRedis(SessionStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> SessionStore:
        return RedisSessions(redis_server, 3, 100, 60.0)

    async def test_sessions_that_nobody_calls_end(self, redis_server: RedisServer) -> None:
        store = RedisSessions(redis_server, 1, 100, 0.001)
        await store.put([Change("a", 0, b"1")])
        while await store.get(["a"]) != [None]:  # time is Redis's own
            pass
        while await store.count():
            pass
        assert await store.put([Change("b", 0, bytes(100))]) is None

    async def test_nothing_is_left_without_an_end(
        self, store: SessionStore, redis_shared: RedisProcess
    ) -> None:
        await store.put([Change("a", 0, b"1")])
        assert redis_shared.keys_without_end() == []

    async def test_a_put_may_be_repeated(self, store: SessionStore) -> None:
        """Its answer may have been lost on the way."""
        for _ in range(2):
            assert await store.put([Change("a", 0, b"1")]) is None
        assert await store.get(["a"]) == [Kept(1, b"1")]


SIZE = 8


def of(*ids: str, begin: tuple[int, ...] = (), owner: str = "") -> calls.Sessions:
    return calls.Sessions(owner, ids, begin)


class TestRemembering:
    @pytest.fixture
    def remembering(self) -> Remembering:
        return Remembering(MemorySessions(100, 10_000, 60.0, lambda: 0.0))

    async def test_states_go_on_begin_anew_and_are_a_keys_own(
        self, remembering: Remembering
    ) -> None:
        first = await remembering.take("race", of("a", "b"), 2, SIZE)
        assert (first.states, first.begun) == (bytes(16), [0, 1])
        await remembering.keep(first, of("a", "b"), b"A" * 8 + b"B" * 8)
        second = await remembering.take("race", of("b", "a", "c", begin=(1,)), 3, SIZE)
        assert (second.states, second.begun) == (b"B" * 8 + bytes(16), [1, 2])
        remembering.give_up(second)
        for name, sessions, size in (
            ("race", of("a", owner="k1"), SIZE),
            ("solo", of("a"), SIZE),
            ("race", of("a"), 2 * SIZE),
        ):
            other = await remembering.take(name, sessions, 1, size)
            assert other.begun == [0]
            remembering.give_up(other)
        await remembering.reset("", "race", ["a"])
        assert (await remembering.take("race", of("a"), 1, SIZE)).begun == [0]

    async def test_one_call_at_a_time(self, remembering: Remembering) -> None:
        taken = await remembering.take("race", of("a"), 1, SIZE)
        with pytest.raises(Conflict, match="session 'a'"):
            await remembering.take("race", of("b", "a"), 2, SIZE)
        await remembering.keep(taken, of("a"), bytes(8))
        again = await remembering.take("race", of("b", "a"), 2, SIZE)
        assert again.begun == [0]

    async def test_of_two_instances_one_is_refused(self) -> None:
        store = MemorySessions(100, 10_000, 60.0, lambda: 0.0)
        one, other = Remembering(store), Remembering(store)
        first, second = [await each.take("race", of("a"), 1, SIZE) for each in (one, other)]
        await one.keep(first, of("a"), b"1" * 8)
        with pytest.raises(Conflict):
            await other.keep(second, of("a"), b"2" * 8)
        assert (await other.take("race", of("a"), 1, SIZE)).states == b"1" * 8

    @pytest.mark.parametrize(
        ("sessions", "rows", "told"),
        [
            (of("a"), 2, "has 1; expected one for each of 2 rows"),
            (of("a", "a"), 2, "twice"),
            (of(""), 1, "1..128 visible characters"),
            (of("x" * 129), 1, "1..128 visible characters"),
            (of("a b"), 1, "1..128 visible characters"),
            (of("a\n"), 1, "1..128 visible characters"),
            (of("ä"), 1, "1..128 visible characters"),
            (of("a", begin=(1,)), 1, "begin_rows has 1; expected 0..0"),
            (of("a", begin=(-1,)), 1, "begin_rows has -1"),
            (of(*map(str, range(1025))), 1025, "at most 1024"),
        ],
    )
    async def test_what_is_no_session(
        self, remembering: Remembering, sessions: calls.Sessions, rows: int, told: str
    ) -> None:
        with pytest.raises(InvalidArgument, match=told):
            await remembering.take("race", sessions, rows, SIZE)

    async def test_policies_without_or_with_a_very_large_state(
        self, remembering: Remembering
    ) -> None:
        for size, told in ((0, "without session_ids"), (1 << 20, "at most 262144")):
            with pytest.raises(FailedPrecondition, match=told):
                await remembering.take("race", of("a"), 1, size)
