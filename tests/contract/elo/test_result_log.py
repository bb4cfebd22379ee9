"""What every `ResultLog` of the Elo service keeps; an adapter's tests inherit the suite."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import insert, text

from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from services.elo.log.batch import Duels
from services.elo.log.match import LoggedMatch, Match
from services.elo.store import ResultLog, Status
from services.elo.stores.sql_log import SqlResultLog
from services.elo.stores.tables import metadata, results
from services.elo.wire.results.payloads import batch
from tests.revisions import upgrade_to
from tests.unit.elo.memory_log import MemoryLog
from tests.unit.elo.played import match

RECORDED, DUPLICATE, CONFLICT = Status.RECORDED, Status.DUPLICATE, Status.CONFLICT


def some(first: int, last: int) -> list[Match]:
    return [match(f"m{n}", ("race:1", "bot/random"), n % 3 / 2, 1.0) for n in range(first, last)]


async def append(log: ResultLog, matches: Sequence[Match]) -> list[Status]:
    (statuses,) = (await log.append([batch(matches)])).statuses
    return list(statuses)


async def everything(log: ResultLog, after: int = 0) -> list[LoggedMatch]:
    sequences: list[int] = []
    async for piece in log.read(after):
        assert len(piece.sequences) == len(piece.content)
        sequences += piece.sequences
    return list(map(LoggedMatch, sequences, await log.find(sequences)))


class ResultLogContract:
    """Needs a fixture `log`, empty."""

    async def test_what_is_appended_is_read_in_order(self, log: ResultLog) -> None:
        assert await append(log, some(0, 5)) == [RECORDED] * 5
        assert await append(log, some(5, 9)) == [RECORDED] * 4
        found = await everything(log)
        assert [logged.match for logged in found] == some(0, 9)
        sequences = [logged.sequence for logged in found]
        assert sequences == sorted(set(sequences))
        assert sequences[0] > 0

    async def test_reading_begins_after_the_mark(self, log: ResultLog) -> None:
        assert await everything(log) == []
        await append(log, some(0, 7))
        found = await everything(log)
        assert await everything(log, found[3].sequence) == found[4:]
        assert await everything(log, found[-1].sequence) == []

    async def test_entries_are_read_as_they_stand(self, log: ResultLog) -> None:
        await append(log, some(0, 5))
        found = await log.raw(0, 3)
        assert [payload for _, payload in found] == list(batch(some(0, 3)).payloads)
        rest = await log.raw(found[-1][0], 3)
        assert [payload for _, payload in rest] == list(batch(some(3, 5)).payloads)
        assert not await log.raw(rest[-1][0], 3)

    async def test_the_same_payload_again_is_a_duplicate(self, log: ResultLog) -> None:
        await append(log, some(0, 3))
        before = await everything(log)
        assert await append(log, some(0, 3)) == [DUPLICATE] * 3
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
        await append(log, some(0, 1))
        other = some(0, 1)[0]._replace(**changes)
        assert await append(log, [other]) == [CONFLICT]
        assert [logged.match for logged in await everything(log)] == some(0, 1)

    async def test_one_refused_result_does_not_keep_the_others_out(self, log: ResultLog) -> None:
        await append(log, some(1, 2))
        spoiled = some(1, 2)[0]._replace(seed=1)
        mixed = [*some(0, 1), spoiled, *some(1, 3)]
        assert await append(log, mixed) == [RECORDED, CONFLICT, DUPLICATE, RECORDED]
        assert {logged.match.match_id for logged in await everything(log)} == {"m0", "m1", "m2"}

    async def test_an_id_twice_in_one_call(self, log: ResultLog) -> None:
        (one,) = some(0, 1)
        other = one._replace(seed=1)
        assert await append(log, [one, one, other]) == [RECORDED, DUPLICATE, CONFLICT]
        assert [logged.match for logged in await everything(log)] == [one]

    async def test_of_many_writers_of_one_match_one_records_it(self, log: ResultLog) -> None:
        statuses = await asyncio.gather(*(append(log, some(0, 20)) for _ in range(8)))
        for of_match in zip(*statuses, strict=True):
            assert sorted(of_match, key=lambda status: status.value) == [RECORDED] + [DUPLICATE] * 7
        assert len(await everything(log)) == 20

    async def test_batches_are_appended_in_one_go_and_in_order(self, log: ResultLog) -> None:
        await append(log, some(0, 2))
        last = (await everything(log))[-1].sequence
        spoiled = some(3, 4)[0]._replace(seed=1)
        appended = await log.append([batch(some(1, 4)), batch([]), batch([spoiled, *some(4, 6)])])
        assert appended.before == last
        assert appended.statuses == [
            [DUPLICATE, RECORDED, RECORDED],
            [],
            [CONFLICT, RECORDED, RECORDED],
        ]
        found = await everything(log, last)
        assert [logged.match for logged in found] == some(2, 6)
        numbers = [logged.sequence for logged in found]
        assert [list(each) for each in appended.sequences] == [numbers[:2], [], numbers[2:]]

    async def test_what_is_appended_in_columns_is_read_back(self, log: ResultLog) -> None:
        many = some(0, 400)
        columns = batch(many)
        assert isinstance(columns.content, Duels)
        await log.append([columns])
        assert [logged.match for logged in await everything(log)] == many


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
        await append(SqlResultLog(database), some(0, 4))
        await database.close()
        again = Database(database_url)
        await again.migrate("services.elo")
        assert [logged.match for logged in await everything(SqlResultLog(again))] == some(0, 4)
        assert await append(SqlResultLog(again), some(0, 5)) == [DUPLICATE] * 4 + [RECORDED]
        await again.close()

    async def test_more_than_one_piece(self, log: SqlResultLog) -> None:
        for start in range(0, 11_000, 1000):
            await append(log, some(start, start + 1000))
        pieces = [len(piece.content) async for piece in log.read(0)]
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
        await append(log, some(0, 3))
        last = (await everything(log))[-1].sequence
        await database.run(lambda session: session.execute(text("DELETE FROM elo_results")))
        await append(log, some(3, 4))
        assert (await everything(log))[0].sequence > last

    async def test_entries_of_the_older_form_are_known(
        self, log: SqlResultLog, database: Database
    ) -> None:
        one, other = some(0, 2)
        content = one._asdict() | {"games": [game._asdict() for game in one.games]}
        row = {"match_id": one.match_id, "payload": json.dumps(content, sort_keys=True).encode()}
        await database.run(lambda session: session.execute(insert(results), [row]))
        assert await append(log, [one, other]) == [DUPLICATE, RECORDED]
        assert await append(log, [one._replace(seed=1)]) == [CONFLICT]
        assert [logged.match for logged in await everything(log)] == [one, other]


async def test_a_log_of_revision_1_is_read_after_the_migration(database_url: str) -> None:
    database = Database(database_url)
    one, other, new = some(0, 3)
    rows = [
        {"id": each.match_id, "payload": json.dumps(
            each._asdict() | {"games": [game._asdict() for game in each.games]})}
        for each in (one, other)
    ]  # fmt: skip
    upgrade_to(database, "elo", "0001")
    await database.run(
        lambda session: session.execute(
            text("INSERT INTO elo_results (match_id, payload_hash, payload) "
                 "VALUES (:id, 'h', :payload)"), rows
        )
    )  # fmt: skip
    await database.migrate("services.elo")
    log = SqlResultLog(database)
    before = await everything(log)
    assert [logged.match for logged in before] == [one, other]
    assert await append(log, [one, new]) == [DUPLICATE, RECORDED]
    assert (await everything(log))[-1].sequence > before[-1].sequence
    assert schema_differences(database.engine, "services.elo", metadata) == []
    await database.close()
