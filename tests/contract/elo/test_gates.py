"""What every `GateStore` of the Elo service keeps; an adapter's tests inherit the suite."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services._harness.sql.database import Database
from services.elo.gate.gate import Gate, Memory
from services.elo.gate.sequential import Finding, Hypotheses, Verdict
from services.elo.store import GateStore
from services.elo.stores.sql_gates import SqlGates
from tests.unit.elo.memory_log import MemoryGates


def gate(gate_id: str, ladder: str = "race") -> Gate:
    return Gate(gate_id, ladder, "race:2", "race:1", Hypotheses(games=0), ("race:0",), 1000.25)


def found(gate: Gate, matches: int, verdict: Verdict = Verdict.RUNNING) -> Gate:
    finding = Finding(verdict, 0.1 * matches, (0, 0, matches, 0, 0), (0.25, 0.5), 2)
    memories = (Memory("race:0", 1.5, 4, 0.75),) if verdict is not Verdict.RUNNING else ()
    tested = replace(gate.hypotheses, games=2)
    return replace(gate, hypotheses=tested, finding=finding, memories=memories)


class GateStoreContract:
    """Needs a fixture `store`, empty."""

    async def test_the_first_of_an_id_stays(self, store: GateStore) -> None:
        assert await store.get("g") is None
        assert await store.open(gate("g")) == gate("g")
        other = replace(gate("g"), candidate="race:3")
        assert await store.open(other) == gate("g")
        assert await store.get("g") == gate("g")

    async def test_what_was_found_is_kept_whole(self, store: GateStore) -> None:
        await store.open(gate("g"))
        some, all_of_it = found(gate("g"), 3), found(gate("g"), 7, Verdict.PASSED)
        assert await store.replace(gate("g"), some)
        assert await store.replace(some, all_of_it)
        assert await store.get("g") == all_of_it

    async def test_of_two_that_look_at_once_one_writes(self, store: GateStore) -> None:
        await store.open(gate("g"))
        news = [found(gate("g"), matches) for matches in (3, 4, 5)]
        wrote = await asyncio.gather(*(store.replace(gate("g"), new) for new in news))
        assert sorted(wrote) == [False, False, True]
        assert await store.get("g") == news[wrote.index(True)]

    async def test_pages_are_newest_first(self, store: GateStore) -> None:
        for number in range(5):
            await store.open(gate(f"g{number}", "race" if number % 2 else "solo"))
        first = await store.page(0, 2, "")
        assert [one.gate_id for _, one in first] == ["g4", "g3"]
        rest = await store.page(first[-1][0], 9, "")
        assert [one.gate_id for _, one in rest] == ["g2", "g1", "g0"]
        assert [one.gate_id for _, one in await store.page(0, 9, "race")] == ["g3", "g1"]


class TestMemoryGates(GateStoreContract):
    @pytest.fixture
    def store(self) -> MemoryGates:
        return MemoryGates()


class TestSqlGates(GateStoreContract):
    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[SqlGates]:
        database = Database(database_url)
        await database.migrate("services.elo")
        yield SqlGates(database)
        await database.close()
