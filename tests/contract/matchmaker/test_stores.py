"""What every store of the Matchmaker must do; the classes are inherited by each adapter's tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mazemesh.errors import FailedPrecondition, NotFound, Reason
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from services._harness.stores.redis_server import RedisServer
from services.matchmaker.rating.leases import Match, State, Terms, completed, leased
from services.matchmaker.rating.ledger import Seen
from services.matchmaker.store import (
    RATING,
    AnchorStore,
    LeaderStore,
    LeaseStore,
    NumberStore,
    OutcomeStore,
    Told,
)
from services.matchmaker.stores.redis_leaders import RedisLeaders, leader_key
from services.matchmaker.stores.sql import SqlAnchors, SqlNumbers
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.stores.sql_outcomes import SqlOutcomes
from services.matchmaker.stores.tables import metadata
from services.matchmaker.training.outcomes import Form, Outcomes, decay_of
from tests.unit.matchmaker.memory_stores import MemoryLeaders, MemoryLeases, MemoryOutcomes


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate("services.matchmaker")
    yield database
    await database.close()


@pytest.fixture
async def other_database(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database, as another instance has it."""
    other = Database(database_url)
    yield other
    await other.close()


TERMS = Terms(100.0, 2)


def match(number: int) -> Match:
    settings = GameSettings(width=6, loops=0.25, generator="prim", seats=2)
    pair = ("race:1", "bot/random")
    seed = (1 << 61) + number
    return Match(f"match-{number}", "race-x", "race", settings, pair, seed, 1000.5 + number)


class LeaseStoreContract:
    """`store` and `other` are those of two instances; so are their `leaders`."""

    @pytest.fixture
    def store(self) -> LeaseStore:
        raise NotImplementedError

    @pytest.fixture
    def other(self, store: LeaseStore) -> LeaseStore:
        return store

    @pytest.fixture
    def leaders(self) -> LeaderStore:
        raise NotImplementedError

    @pytest.fixture
    async def fence(self, leaders: LeaderStore) -> int:
        fence = await leaders.hold(RATING, "me", 60.0)
        assert fence is not None
        return fence

    async def test_an_empty_store_has_nothing(self, store: LeaseStore) -> None:
        assert await store.look(0.0) == []
        assert await store.count_live() == 0
        assert await store.issue("w", 5, TERMS, 0.0) == ([], [], 0)

    async def test_what_is_queued_is_leased_oldest_first(
        self, store: LeaseStore, fence: int
    ) -> None:
        assert await store.add([match(2), match(1), match(3)], fence)
        issued = await store.issue("w", 2, TERMS, 5000.0)
        assert issued.leased == [leased(match(n), "w", TERMS, 5000.0) for n in (1, 2)]
        assert (await store.issue("v", 2, TERMS, 5000.0)).leased == [
            leased(match(3), "v", TERMS, 5000.0)
        ]
        assert await store.count_live() == 3

    async def test_expired_leases_come_first_and_hopeless_ones_end(
        self, store: LeaseStore, fence: int
    ) -> None:
        await store.add([match(1), match(2)], fence)
        await store.issue("w", 1, TERMS, 5000.0)
        again = await store.issue("w", 2, TERMS, 5100.0)
        assert [(one.match_id, one.fence) for one in again.leased] == [
            ("match-1", 2),
            ("match-2", 1),
        ]
        assert (again.abandoned, again.expired) == ([], 1)
        last = await store.issue("w", 2, TERMS, 5200.0)
        assert [one.match_id for one in last.leased] == ["match-2"]
        assert [(one.match_id, one.state) for one in last.abandoned] == [
            ("match-1", State.ABANDONED)
        ]
        assert last.expired == 2

    async def test_a_worker_may_ask_for_one_game(self, store: LeaseStore, fence: int) -> None:
        await store.add([match(1), replace(match(2), game="solo")], fence)
        assert [one.game for one in (await store.issue("w", 5, TERMS, 0.0, "solo")).leased] == [
            "solo"
        ]

    async def test_a_match_is_leased_to_one_of_many(
        self, store: LeaseStore, other: LeaseStore, fence: int
    ) -> None:
        await store.add([match(number) for number in range(60)], fence)
        issues = await asyncio.gather(
            *(
                each.issue(f"w{number}", 4, TERMS, 5000.0)
                for number in range(10)
                for each in (store, other)
            )
        )
        given = [one.match_id for issue in issues for one in issue.leased]
        assert len(given) == len(set(given)) == 60

    async def test_changes_meet_the_present_match(
        self, store: LeaseStore, other: LeaseStore, fence: int
    ) -> None:
        await store.add([match(1)], fence)
        (given,) = (await store.issue("w", 1, TERMS, 5000.0)).leased
        done = await asyncio.gather(
            *(
                each.change("match-1", lambda one: completed(one, 1, "w", 5001.0))
                for each in (store, other) * 5
            )
        )
        ended = replace(given, state=State.COMPLETED, end_time=5001.0)
        assert sorted(done, key=lambda one: one is None) == [ended] + [None] * 9
        assert await other.change("match-1", lambda _: None) is None
        with pytest.raises(FailedPrecondition, match="fence: 7") as caught:
            await other.change("match-1", lambda one: completed(one, 7, "w", 5001.0))
        assert caught.value.reason == Reason.FENCE_PASSED
        with pytest.raises(NotFound, match="'nowhere'"):
            await store.change("nowhere", lambda one: one)

    async def test_who_lost_the_turn_queues_nothing(
        self, store: LeaseStore, leaders: LeaderStore, fence: int
    ) -> None:
        await leaders.leave(RATING, "me")
        later = await leaders.hold(RATING, "another", 60.0)
        assert later is not None
        assert later > fence
        assert not await store.add([match(1)], fence)
        assert await store.add([match(2)], later)
        assert [one.match_id for one in await store.look(0.0)] == ["match-2"]

    async def test_looked_at_are_the_live_and_those_that_ended_since(
        self, store: LeaseStore, fence: int
    ) -> None:
        await store.add([match(number) for number in range(4)], fence)
        await store.issue("w", 3, TERMS, 5000.0)
        for number, end in ((0, 5010.0), (1, 5020.0)):
            await store.change(f"match-{number}", lambda one, end=end: completed(one, 1, "w", end))
        seen = {one.match_id: one for one in await store.look(5020.0)}
        assert seen["match-1"] == Seen(
            "match-1", "race-x", ("race:1", "bot/random"), State.COMPLETED, 5020.0
        )
        assert {name: one.state for name, one in seen.items()} == {
            "match-1": State.COMPLETED,
            "match-2": State.LEASED,
            "match-3": State.QUEUED,
        }
        assert await store.count_live() == 2

    async def test_ended_matches_are_forgotten_live_ones_never(
        self, store: LeaseStore, fence: int
    ) -> None:
        await store.add([match(1), match(2)], fence)
        await store.issue("w", 1, TERMS, 5000.0)
        await store.change("match-1", lambda one: completed(one, 1, "w", 5001.0))
        await store.prune(5001.0)
        assert len(await store.look(0.0)) == 2
        await store.prune(1e12)
        assert [one.match_id for one in await store.look(0.0)] == ["match-2"]

    async def test_many_rows_at_once(self, store: LeaseStore, fence: int) -> None:
        rows = [match(number) for number in range(1300)]
        assert await store.add(rows, fence)
        assert len((await store.issue("w", 256, TERMS, 5000.0)).leased) == 256
        assert await store.count_live() == 1300


class LeaderStoreContract:
    """`leaders` and `others` are those of two instances."""

    @pytest.fixture
    def leaders(self) -> LeaderStore:
        raise NotImplementedError

    @pytest.fixture
    def others(self, leaders: LeaderStore) -> LeaderStore:
        return leaders

    async def test_one_has_the_task(self, leaders: LeaderStore, others: LeaderStore) -> None:
        held = await asyncio.gather(
            *(each.hold("task", f"o{n}", 60.0) for n in range(8) for each in (leaders, others))
        )
        # Each owner asked at both.
        assert 1 <= len([fence for fence in held if fence is not None]) <= 2
        assert await others.hold("another task", "o9", 60.0) is not None

    async def test_the_fence_is_the_same_while_it_is_held(
        self, leaders: LeaderStore, others: LeaderStore
    ) -> None:
        fence = await leaders.hold("task", "me", 60.0)
        assert await leaders.hold("task", "me", 60.0) == fence
        assert await others.hold("task", "you", 60.0) is None
        await others.leave("task", "you")
        assert await leaders.hold("task", "me", 60.0) == fence

    async def test_the_fence_rises_with_each_owner(
        self, leaders: LeaderStore, others: LeaderStore
    ) -> None:
        fences = []
        for number in range(4):
            owner, store = (("me", leaders), ("you", others))[number % 2]
            fence = await store.hold("task", owner, 60.0)
            assert fence is not None
            fences.append(fence)
            await store.leave("task", owner)
        assert fences == sorted(set(fences))

    async def test_who_is_not_heard_of_loses_it(
        self, leaders: LeaderStore, others: LeaderStore
    ) -> None:
        fence = await leaders.hold("task", "me", 0.05)
        assert fence is not None
        async with asyncio.timeout(10):
            while (taken := await others.hold("task", "you", 60.0)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert taken > fence
        assert await leaders.hold("task", "me", 60.0) is None


class AnchorStoreContract:
    @pytest.fixture
    def store(self) -> AnchorStore:
        raise NotImplementedError

    async def test_counts_are_added_to(self, store: AnchorStore) -> None:
        assert dict(await store.load()) == {}
        pair, three = ("race", ("bot/a", "bot/b")), ("race-x", ("bot/a", "bot/b", "bot/c"))
        await store.add({pair: 1, three: 2})
        await store.add({pair: 5})
        assert dict(await store.load()) == {pair: 6, three: 2}


class NumberStoreContract:
    @pytest.fixture
    def store(self) -> NumberStore:
        raise NotImplementedError

    async def test_numbers_are_consecutive(self, store: NumberStore) -> None:
        assert [await store.reserve(count) for count in (3, 1, 10, 1)] == [0, 3, 4, 14]

    async def test_two_callers_share_no_number(self, store: NumberStore) -> None:
        firsts = await asyncio.gather(*(store.reserve(5) for _ in range(20)))
        assert sorted(firsts) == list(range(0, 100, 5))

    async def test_the_instance_stays(self, store: NumberStore) -> None:
        first = await store.instance()
        await store.reserve(1)
        assert await store.instance() == first


class OutcomeStoreContract:
    """`store` and `other` are those of two instances."""

    @pytest.fixture
    def store(self) -> OutcomeStore:
        raise NotImplementedError

    @pytest.fixture
    def other(self, store: OutcomeStore) -> OutcomeStore:
        return store

    async def test_an_empty_store_remembers_nothing(self, store: OutcomeStore) -> None:
        assert await store.read() == ({}, 0)
        assert await store.request_ids() == []

    async def test_outcomes_are_counted_in_their_order(self, store: OutcomeStore) -> None:
        both = {**WON, "bot/random": Outcomes(0, 0, 3)}
        present = await store.add([told("r1", WON), told("r2", both)], HALF_LIFE, 10)
        decay = decay_of(HALF_LIFE)
        won = Form().after(WON["race:1"], decay).after(WON["race:1"], decay)
        assert present == {
            ("race", "race:1"): won,
            ("race", "bot/random"): Form().after(both["bot/random"], decay),
        }
        assert (await store.read()).forms == present
        assert await store.request_ids() == ["r1", "r2"]

    async def test_a_request_counts_once(self, store: OutcomeStore, other: OutcomeStore) -> None:
        first = await store.add([told("r1", WON), told("r1", WON)], HALF_LIFE, 10)
        assert await other.add([told("r1", WON)], HALF_LIFE, 10) == first
        answers = await asyncio.gather(
            *(each.add([told("r2", WON)], HALF_LIFE, 10) for each in (store, other) * 4)
        )
        assert [one["race", "race:1"].games for one in answers] == [4] * 8

    async def test_what_changed_since_a_revision_is_read(
        self, store: OutcomeStore, other: OutcomeStore
    ) -> None:
        await store.add([told("r1", WON), told("r2", WON, "spy")], HALF_LIFE, 10)
        _, seen = await other.read()
        assert (await other.read(seen)).forms == {}
        await store.add([told("r3", WON, "spy")], HALF_LIFE, 10)
        changed, later = await other.read(seen)
        assert {pair: form.games for pair, form in changed.items()} == {("spy", "race:1"): 4}
        assert later > seen
        assert list((await other.read()).forms) == [("race", "race:1"), ("spy", "race:1")]

    async def test_only_the_newest_requests_are_kept(self, store: OutcomeStore) -> None:
        for number in range(5):
            await store.add([told(f"a{number}", {}), told(f"b{number}", {})], HALF_LIFE, 3)
        assert await store.request_ids() == ["b3", "a4", "b4"]


HALF_LIFE = 200.0
WON = {"race:1": Outcomes(2, 0, 0)}


def told(request_id: str, outcomes: dict[str, Outcomes], student: str = "race") -> Told:
    return Told(request_id, student, outcomes)


class TestSqlLeases(LeaseStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> LeaseStore:
        return SqlLeases(database)

    @pytest.fixture
    async def other(self, other_database: Database) -> LeaseStore:
        return SqlLeases(other_database)

    @pytest.fixture
    def leaders(self, database: Database) -> LeaderStore:
        return SqlLeaders(database)


class TestMemoryLeases(LeaseStoreContract):
    """The fake of the unit tests."""

    @pytest.fixture
    def store(self) -> LeaseStore:
        return MemoryLeases()

    @pytest.fixture
    def leaders(self, store: MemoryLeases) -> LeaderStore:
        return store.leaders


class TestSqlLeaders(LeaderStoreContract):
    @pytest.fixture
    def leaders(self, database: Database) -> LeaderStore:
        return SqlLeaders(database)

    @pytest.fixture
    def others(self, other_database: Database) -> LeaderStore:
        return SqlLeaders(other_database)


class TestMemoryLeaders(LeaderStoreContract):
    """The fake of the unit tests."""

    @pytest.fixture
    def leaders(self) -> LeaderStore:
        return MemoryLeaders()


class TestRedisLeaders(LeaderStoreContract):
    @pytest.fixture
    def leaders(self, redis_server: RedisServer) -> LeaderStore:
        return RedisLeaders(redis_server)

    async def test_a_fence_rises_even_when_redis_forgot_the_last_one(
        self, redis_server: RedisServer, leaders: LeaderStore
    ) -> None:
        first = await leaders.hold("task", "me", 60.0)
        assert first is not None
        await redis_server.call(lambda redis: redis.delete(leader_key(redis_server, "task")))
        second = await leaders.hold("task", "you", 60.0)
        assert second is not None
        assert second > first


class TestSqlAnchors(AnchorStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> AnchorStore:
        return SqlAnchors(database)


class TestSqlNumbers(NumberStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> NumberStore:
        return SqlNumbers(database)


class TestSqlOutcomes(OutcomeStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> OutcomeStore:
        return SqlOutcomes(database, most_forms=2)

    @pytest.fixture
    def other(self, other_database: Database) -> OutcomeStore:
        return SqlOutcomes(other_database, most_forms=2)

    async def test_pairs_that_met_long_ago_are_forgotten(self, store: OutcomeStore) -> None:
        for number in range(4):
            await store.add([told(f"r{number}", WON, f"student-{number}")], HALF_LIFE, 10)
        assert [student for student, _ in (await store.read()).forms] == ["student-2", "student-3"]


class TestMemoryOutcomes(OutcomeStoreContract):
    """The fake of the unit tests."""

    @pytest.fixture
    def store(self) -> OutcomeStore:
        return MemoryOutcomes()


def test_the_migrations_make_the_tables(database: Database) -> None:
    assert schema_differences(database.engine, "services.matchmaker", metadata) == []
