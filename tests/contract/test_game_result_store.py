"""What every `ResultStore` of the Game service keeps; an adapter's tests inherit the suite."""

from collections.abc import AsyncIterator

import pytest

from services._harness.database import Database
from services._harness.migrations import schema_differences
from services.game.play.outcome import Outcome
from services.game.store import (
    FinishedMatch,
    OutboxSize,
    PendingResult,
    RecordingEntry,
    ResultStore,
)
from services.game.stores.sql import SqlResultStore
from services.game.stores.tables import METADATA


def rated(number: int, result: bytes | None = None) -> FinishedMatch:
    return FinishedMatch(f"m{number}", 1.5 * number, result or b"\x00result %d" % number)


def pending(*numbers: int) -> list[PendingResult]:
    return [PendingResult(f"m{number}", b"\x00result %d" % number) for number in numbers]


class ResultStoreContract:
    """Needs a fixture `store`, empty."""

    async def test_finished_matches_are_remembered(self, store: ResultStore) -> None:
        assert await store.finished([]) == set()
        await store.finish([rated(1), FinishedMatch("friendly", 0.0, None)])
        assert await store.finished(["m1", "friendly", "m2"]) == {"m1", "friendly"}

    async def test_rated_results_wait_in_order(self, store: ResultStore) -> None:
        await store.finish([rated(3), FinishedMatch("friendly", 0.0, None)])
        await store.finish([rated(1), rated(2)])
        assert await store.pending(9) == pending(3, 1, 2)
        assert await store.pending(2) == pending(3, 1)
        assert await store.size() == OutboxSize(pending=3, dead=0)

    async def test_finishing_again_changes_nothing(self, store: ResultStore) -> None:
        await store.finish([rated(1)])
        await store.finish([rated(1, b"another"), rated(2)])
        assert await store.pending(9) == pending(1, 2)
        await store.delivered(["m1"])
        await store.finish([rated(1)])
        assert await store.pending(9) == pending(2)

    async def test_what_is_delivered_is_gone_but_stays_finished(self, store: ResultStore) -> None:
        await store.finish([rated(1), rated(2), rated(3)])
        await store.delivered(["m1", "m3", "unknown"])
        await store.delivered([])
        assert await store.pending(9) == pending(2)
        assert await store.finished(["m1", "m2", "m3"]) == {"m1", "m2", "m3"}

    async def test_what_is_refused_is_kept_but_not_delivered(self, store: ResultStore) -> None:
        await store.finish([rated(1), rated(2)])
        await store.bury("m1", "conflict")
        assert await store.pending(9) == pending(2)
        assert await store.size() == OutboxSize(pending=1, dead=1)

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

    async def test_what_is_still_needed_is_not_forgotten(self, store: ResultStore) -> None:
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
        await store.bury("m2", "conflict")
        assert await store.forget(100.0, 1) == 0
        await store.delivered(["m1"])
        assert await store.forget(100.0, 1) == 1
        assert await store.finished(["m1", "m2", "replayed"]) == {"m2", "replayed"}


class TestSqlResultStore(ResultStoreContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.game")
        yield database
        await database.close()

    @pytest.fixture
    def store(self, database: Database) -> ResultStore:
        return SqlResultStore(database)

    def test_the_migrations_make_the_tables(self, database: Database) -> None:
        assert schema_differences(database.engine, "services.game", METADATA) == []
