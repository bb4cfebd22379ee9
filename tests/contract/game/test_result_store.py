"""What every `ResultStore` of the Game service keeps; an adapter's tests inherit the suite."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from services.game.play.outcome import Outcome
from services.game.store import (
    Claimed,
    FinishedMatch,
    OutboxSize,
    OutboxStore,
    PendingResult,
    RecordingEntry,
    ResultStore,
)
from services.game.stores.sql import SqlResultStore
from services.game.stores.sql_outbox import SqlOutbox
from services.game.stores.tables import METADATA


def rated(number: int, result: bytes | None = None) -> FinishedMatch:
    return FinishedMatch(f"m{number}", 1.5 * number, result or b"\x00result %d" % number)


def pending(*numbers: int) -> list[PendingResult]:
    return [PendingResult(f"m{number}", b"\x00result %d" % number) for number in numbers]


async def waiting(outbox: OutboxStore, limit: int = 9) -> list[PendingResult]:
    """What waits, which is taken and put back."""
    taken = await outbox.take(limit, 1.0, 2.0)
    await outbox.put_back([result.match_id for result in taken])
    return taken


class ResultStoreContract:
    """Needs fixtures `store` and `other`, of two instances, and `outbox`; all empty."""

    async def test_finished_matches_are_remembered(self, store: ResultStore) -> None:
        assert await store.finished([]) == set()
        await store.finish([rated(1), FinishedMatch("friendly", 0.0, None)])
        assert await store.finished(["m1", "friendly", "m2"]) == {"m1", "friendly"}

    async def test_rated_results_wait_in_order(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(3), FinishedMatch("friendly", 0.0, None)])
        await store.finish([rated(1), rated(2)])
        assert await waiting(outbox) == pending(3, 1, 2)
        assert await waiting(outbox, 2) == pending(3, 1)
        assert await outbox.size() == OutboxSize(pending=3, dead=0, since=4.5)

    async def test_a_result_carries_the_trace_of_who_played_it(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        trace = f"00-{'a' * 32}-{'b' * 16}-01"
        assert (await outbox.size()).since is None
        await store.finish([replace(rated(1), trace=trace), rated(2)])
        assert [one.trace for one in await waiting(outbox)] == [trace, ""]

    async def test_finishing_again_changes_nothing(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(1)])
        await store.finish([rated(1, b"another"), rated(2)])
        assert await waiting(outbox) == pending(1, 2)
        await outbox.delivered(["m1"])
        await store.finish([rated(1)])
        assert await waiting(outbox) == pending(2)

    async def test_what_is_delivered_is_gone_but_stays_finished(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(1), rated(2), rated(3)])
        await outbox.delivered(["m1", "m3", "unknown"])
        await outbox.delivered([])
        assert await waiting(outbox) == pending(2)
        assert await store.finished(["m1", "m2", "m3"]) == {"m1", "m2", "m3"}

    async def test_what_is_refused_is_kept_but_not_delivered(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(1), rated(2)])
        await outbox.bury("m1", "conflict")
        assert await waiting(outbox) == pending(2)
        assert await outbox.size() == OutboxSize(pending=1, dead=1, since=3.0)

    async def test_the_old_and_the_too_many_are_forgotten(self, store: ResultStore) -> None:
        matches = [FinishedMatch(f"m{number}", float(number), None) for number in range(6)]
        await store.finish(matches)
        names = [match.match_id for match in matches]
        assert await store.forget(0.0, 6) == 0
        assert await store.forget(2.0, 6) == 2
        assert await store.finished(names) == {"m2", "m3", "m4", "m5"}
        assert await store.forget(0.0, 3) == 1
        assert await store.finished(names) == {"m3", "m4", "m5"}
        assert await store.forget(10.0, 3) == 3
        assert await store.forget(10.0, 3) == 0
        await store.finish(matches[:1])
        assert await store.finished(names) == {"m0"}

    async def test_what_is_still_needed_is_not_forgotten(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        replay = RecordingEntry(
            game_id="replayed-r0",
            match_id="replayed",
            game="race",
            rules_hash="",
            participants=("a:1", "b:1"),
            outcome=Outcome((1.0, 0.0), 9, truncated=False),
            rated=False,
            finish_time=0.0,
            file="",
            index=0,
        )
        await store.finish([rated(1), rated(2), FinishedMatch("replayed", 0.0, None, (replay,))])
        await outbox.bury("m2", "conflict")
        assert await store.forget(100.0, 1) == 0
        await outbox.delivered(["m1"])
        assert await store.forget(100.0, 1) == 1
        assert await store.finished(["m1", "m2", "replayed"]) == {"m2", "replayed"}

    async def test_who_claimed_a_match_last_can_finish_it(
        self, store: ResultStore, other: ResultStore, outbox: OutboxStore
    ) -> None:
        assert await store.claim({"m1": 1, "m2": 1, "m3": 1}, 0.0) == Claimed(set(), {})
        # A higher fence passes, and the same one asked of another instance too.
        assert await other.claim({"m1": 2, "m2": 1}, 0.0) == Claimed(set(), {})
        mine = [replace(rated(number), fence=1) for number in (1, 2, 3)]
        assert await store.finish(mine) == {"m1", "m2"}
        assert await store.finished(["m1", "m2", "m3"]) == {"m3"}
        theirs = [replace(rated(1), fence=2), replace(rated(2), fence=1)]
        assert await other.finish(theirs) == set()
        assert await waiting(outbox) == pending(3, 1, 2)

    async def test_a_lower_fence_claims_nothing(
        self, store: ResultStore, other: ResultStore
    ) -> None:
        await store.claim({"m1": 5, "m2": 1}, 0.0)
        assert await other.claim({"m1": 4, "m2": 2, "m3": 1}, 0.0) == Claimed(set(), {"m1": 5})
        assert await store.finish([replace(rated(1), fence=5)]) == set()

    async def test_a_finished_match_is_not_claimed(
        self, store: ResultStore, other: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.claim({"m1": 1}, 0.0)
        await store.finish([replace(rated(1), fence=1)])
        assert await other.claim({"m1": 2, "m2": 0}, 0.0) == Claimed({"m1"}, {})
        assert await other.finish([replace(rated(1, b"another"), fence=2)]) == set()
        assert await waiting(outbox) == pending(1)

    async def test_two_that_finish_a_match_at_once_count_once(
        self, store: ResultStore, other: ResultStore, outbox: OutboxStore
    ) -> None:
        matches = [[rated(number) for number in order] for order in (range(40), range(39, -1, -1))]
        await asyncio.gather(store.finish(matches[0]), other.finish(matches[1]))
        assert sorted(result.match_id for result in await outbox.take(99, 1.0, 2.0)) == sorted(
            f"m{number}" for number in range(40)
        )

    async def test_old_claims_are_forgotten_and_then_a_match_is_whose_it_was(
        self, store: ResultStore, other: ResultStore
    ) -> None:
        await store.claim({"m1": 1}, 3.0)
        await other.claim({"m1": 2}, 4.0)
        await store.forget(5.0, 9)
        assert await store.finish([replace(rated(1), fence=1)]) == set()
        assert await store.finished(["m1"]) == {"m1"}

    async def test_what_is_taken_is_given_to_nobody_else_before_its_time(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(1), rated(2), rated(3)])
        assert await outbox.take(2, now=10.0, until=20.0) == pending(1, 2)
        assert await outbox.take(9, now=10.0, until=20.0) == pending(3)
        assert await outbox.take(9, now=19.0, until=29.0) == []
        await outbox.put_back(["m2"])
        assert await outbox.take(9, now=11.0, until=40.0) == pending(2)
        assert await outbox.take(9, now=20.0, until=30.0) == pending(1, 3)
        await outbox.put_all_back()
        assert await outbox.take(9, now=20.0, until=30.0) == pending(1, 2, 3)

    async def test_many_that_take_at_once_share_the_results(
        self, store: ResultStore, outbox: OutboxStore
    ) -> None:
        await store.finish([rated(number) for number in range(200)])
        taken = await asyncio.gather(*(outbox.take(10, 1.0, 2.0) for _ in range(25)))
        ids = [result.match_id for some in taken for result in some]
        rest = [result.match_id for result in await outbox.take(999, 1.0, 2.0)]
        assert len(ids) == len(set(ids))
        assert {*ids, *rest} == {f"m{number}" for number in range(200)}


class TestSqlResultStore(ResultStoreContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.game")
        yield database
        await database.close()

    @pytest.fixture
    def store(self, database: Database) -> ResultStore:
        return SqlResultStore(database, "one")

    @pytest.fixture
    def other(self, database: Database) -> ResultStore:
        return SqlResultStore(database, "two")

    @pytest.fixture
    def outbox(self, database: Database) -> OutboxStore:
        return SqlOutbox(database)

    def test_the_migrations_make_the_tables(self, database: Database) -> None:
        assert schema_differences(database.engine, "services.game", METADATA) == []
