"""What every `ResultLog` of the Elo service keeps; an adapter's tests inherit the suite."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from services._harness.database import Database
from services._harness.migrations import schema_differences
from services.elo.log.match import LoggedMatch, Match
from services.elo.store import ResultLog, Status
from services.elo.stores.sql import SqlResultLog, metadata
from tests.unit.elo.memory_log import MemoryLog
from tests.unit.elo.played import match

RECORDED, DUPLICATE, CONFLICT = Status.RECORDED, Status.DUPLICATE, Status.CONFLICT


def some(first: int, last: int) -> list[Match]:
    return [match(f"m{n}", ("race:1", "bot/random"), n % 3 / 2, 1.0) for n in range(first, last)]


async def everything(log: ResultLog, after: int = 0) -> list[LoggedMatch]:
    return [logged async for piece in log.read(after) for logged in piece]


class ResultLogContract:
    """Needs a fixture `log`, empty."""

    async def test_what_is_appended_is_read_in_order(self, log: ResultLog) -> None:
        assert await log.append(some(0, 5)) == [RECORDED] * 5
        assert await log.append(some(5, 9)) == [RECORDED] * 4
        found = await everything(log)
        assert [logged.match for logged in found] == some(0, 9)
        sequences = [logged.sequence for logged in found]
        assert sequences == sorted(set(sequences))
        assert sequences[0] > 0

    async def test_reading_begins_after_the_mark(self, log: ResultLog) -> None:
        assert await everything(log) == []
        await log.append(some(0, 7))
        found = await everything(log)
        assert await everything(log, found[3].sequence) == found[4:]
        assert await everything(log, found[-1].sequence) == []

    async def test_the_same_payload_again_is_a_duplicate(self, log: ResultLog) -> None:
        await log.append(some(0, 3))
        before = await everything(log)
        assert await log.append(some(0, 3)) == [DUPLICATE] * 3
        assert await everything(log) == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"seed": 1},
            {"ladder": "other"},
            {"finish_nanoseconds": 1},
            {"rules_hash": "x"},
            {"participants": ("bot/random", "race:1")},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    async def test_another_payload_is_a_conflict_and_the_first_stays(
        self, log: ResultLog, changes: dict[str, object]
    ) -> None:
        await log.append(some(0, 1))
        other = some(0, 1)[0]._replace(**changes)
        assert await log.append([other]) == [CONFLICT]
        assert [logged.match for logged in await everything(log)] == some(0, 1)

    async def test_one_refused_result_does_not_keep_the_others_out(self, log: ResultLog) -> None:
        await log.append(some(1, 2))
        spoiled = some(1, 2)[0]._replace(seed=1)
        mixed = [*some(0, 1), spoiled, *some(1, 3)]
        assert await log.append(mixed) == [RECORDED, CONFLICT, DUPLICATE, RECORDED]
        assert {logged.match.match_id for logged in await everything(log)} == {"m0", "m1", "m2"}

    async def test_an_id_twice_in_one_call(self, log: ResultLog) -> None:
        (one,) = some(0, 1)
        other = one._replace(seed=1)
        assert await log.append([one, one, other]) == [RECORDED, DUPLICATE, CONFLICT]
        assert [logged.match for logged in await everything(log)] == [one]

    async def test_of_many_writers_of_one_match_one_records_it(self, log: ResultLog) -> None:
        statuses = await asyncio.gather(*(log.append(some(0, 20)) for _ in range(8)))
        for of_match in zip(*statuses, strict=True):
            assert sorted(of_match, key=lambda status: status.value) == [RECORDED] + [DUPLICATE] * 7
        assert len(await everything(log)) == 20


class TestMemoryLog(ResultLogContract):
    """The fake that unit tests use behaves as the real ones."""

    @pytest.fixture
    async def log(self) -> MemoryLog:
        return MemoryLog()


class TestSqlLog(ResultLogContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.elo")
        yield database
        await database.close()

    @pytest.fixture
    async def log(self, database: Database) -> SqlResultLog:
        return SqlResultLog(database)

    async def test_it_survives_closing(self, database: Database, database_url: str) -> None:
        await SqlResultLog(database).append(some(0, 4))
        await database.close()
        again = Database(database_url)
        await again.migrate("services.elo")
        assert [logged.match for logged in await everything(SqlResultLog(again))] == some(0, 4)
        assert await SqlResultLog(again).append(some(0, 5)) == [DUPLICATE] * 4 + [RECORDED]
        await again.close()

    async def test_more_than_one_piece(self, log: SqlResultLog) -> None:
        for start in range(0, 11_000, 1000):
            await log.append(some(start, start + 1000))
        pieces = [len(piece) async for piece in log.read(0)]
        assert sum(pieces) == 11_000
        assert len(pieces) > 1
        assert [logged.match.match_id for logged in await everything(log)][-1] == "m10999"

    async def test_the_migration_makes_the_tables_that_the_code_knows(
        self, database: Database
    ) -> None:
        assert schema_differences(database.engine, "services.elo", metadata) == []

    async def test_a_sequence_is_never_given_again(
        self, log: SqlResultLog, database: Database
    ) -> None:
        await log.append(some(0, 3))
        last = (await everything(log))[-1].sequence
        await database.run(lambda session: session.execute(text("DELETE FROM elo_results")))
        await log.append(some(3, 4))
        assert (await everything(log))[0].sequence > last
