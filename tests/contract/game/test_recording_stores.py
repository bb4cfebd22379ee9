"""What every `RecordingIndex` keeps; an adapter's tests inherit the suite."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services._harness.sql.database import Database
from services.game.play.outcome import Outcome
from services.game.store import (
    FinishedMatch,
    RecordingEntry,
    RecordingFilter,
    RecordingIndex,
    ResultStore,
)
from services.game.stores.sql import SqlResultStore
from services.game.stores.sql_recordings import SqlRecordingIndex

ALL = RecordingFilter()


def finished(number: int, file: str, *participants: str, game: str = "race") -> FinishedMatch:
    entries = [
        RecordingEntry(
            game_id=f"m{number}-r{index}",
            match_id=f"m{number}",
            game=game,
            rules_hash="ab" * 32,
            participants=participants or ("race:1", "bot/random"),
            outcome=Outcome((1.0, 0.0), 7 + index, truncated=False),
            rated=True,
            finish_time=1.5 * number,
            file=file,
            index=index,
        )
        for index in range(2)
    ]
    return FinishedMatch(f"m{number}", 1.5 * number, None, tuple(entries))


class RecordingIndexContract:
    """Needs fixtures `results` and `index` over the same empty store."""

    async def test_entries_come_with_the_match(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        match = finished(1, "f1")
        await results.finish([match])
        await results.finish([finished(1, "another")])
        found = await index.find("m1-r1")
        assert found is not None
        assert replace(found, position=0) == match.recordings[1]
        assert await index.find("m1") is None
        assert await index.files() == {"f1"}

    async def test_pages_go_back_from_the_newest(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        await results.finish([finished(1, "f1"), finished(2, "f1")])
        await results.finish([finished(3, "f2")])
        first = await index.page(4, None, ALL)
        assert [one.game_id for one in first] == ["m3-r1", "m3-r0", "m2-r1", "m2-r0"]
        rest = await index.page(4, first[-1].position, ALL)
        assert [one.game_id for one in rest] == ["m1-r1", "m1-r0"]

    async def test_pages_hold_what_is_wanted(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        await results.finish([finished(1, "f1", "race:1", "race:12"), finished(2, "f1")])
        await results.finish([finished(3, "f2", "a_b:1", "a%b:2", game="tag")])

        async def ids(wanted: RecordingFilter) -> set[str]:
            return {one.match_id for one in await index.page(9, None, wanted)}

        assert await ids(RecordingFilter(game="tag")) == {"m3"}
        assert await ids(RecordingFilter(match_id="m2")) == {"m2"}
        assert await ids(RecordingFilter(participant="race:1")) == {"m1", "m2"}
        assert await ids(RecordingFilter(participant="race:12")) == {"m1"}
        assert await ids(RecordingFilter(participant="a%b:2")) == {"m3"}
        assert await ids(RecordingFilter(participant="a%:1")) == set()
        assert await ids(RecordingFilter(participant="aXb:1")) == set()
        assert await ids(RecordingFilter("race", "m1", "race:12")) == {"m1"}

    async def test_the_newest_are_kept_with_their_files(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        await index.keep_newest(3)
        await results.finish([finished(1, "f1"), finished(2, "f1")])
        await results.finish([finished(3, "f2")])
        await index.keep_newest(6)
        await index.keep_newest(3)  # f1 still holds m2-r1
        assert await index.files() == {"f1", "f2"}
        await index.keep_newest(2)
        assert await index.files() == {"f2"}
        assert {one.game_id for one in await index.page(9, None, ALL)} == {"m3-r0", "m3-r1"}
        await index.keep_newest(0)
        assert await index.files() == set()
        assert await index.page(9, None, ALL) == []


class TestSqlRecordingIndex(RecordingIndexContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.game")
        yield database
        await database.close()

    @pytest.fixture
    def results(self, database: Database) -> ResultStore:
        return SqlResultStore(database, "one")

    @pytest.fixture
    def index(self, database: Database) -> RecordingIndex:
        return SqlRecordingIndex(database)
