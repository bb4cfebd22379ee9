"""What every `GateStore` of the Matchmaker keeps; an adapter's tests inherit the suite."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from mazemesh.errors import ResourceExhausted
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services.matchmaker.gates.run import (
    Asked,
    Finding,
    GateRun,
    Hypotheses,
    Memory,
    RunState,
    Verdict,
)
from services.matchmaker.gates.store import GateStore
from services.matchmaker.rating.leases import Match, State, Terms, completed, failed, leased
from services.matchmaker.runs.store import Step
from services.matchmaker.store import LeaseStore
from services.matchmaker.stores.contests.sql_gates import SqlGates
from services.matchmaker.stores.sql_leases import SqlLeases
from tests.unit.matchmaker.memory_stores import MemoryGates, MemoryLeases

SETTINGS = GameSettings(width=6, loops=0.25, generator="prim", seats=2)
TERMS = Terms(100.0, 2)


def run(name: str, candidate: str = "race:4", **given: object) -> GateRun:
    asked = Asked(candidate, "race:champion", ("race:1",), "champion", Hypotheses(elo1=30.0))
    plain = GateRun(
        *(f"gate-{name}", f"request-{name}", asked, candidate, "race:3", ("race:1",)),
        *("race-x", "race", SETTINGS, 1000.25, 3, "key", True, 8),
    )
    return replace(plain, **given)  # type: ignore[arg-type]


def match(gate: GateRun, number: int) -> Match:
    return leased(
        Match(
            *(f"{gate.gate_id}/{number}", gate.ladder, gate.game, gate.settings),
            *((gate.candidate, gate.baseline), (1 << 61) + number, 1000.5 + number),
            run_id=gate.gate_id,
        ),
        *("w", TERMS, 2000.0),
    )


def issue(count: int, expected: int) -> Callable[[GateRun], Step[GateRun] | None]:
    def change(present: GateRun) -> Step[GateRun] | None:
        if present.issued != expected:
            return None
        new = [match(present, number) for number in range(expected, expected + count)]
        return Step(replace(present, issued=expected + count), new)

    return change


class GateStoreContract:
    """Needs fixtures `store`, `other` (another instance's) and `leases`, empty."""

    @pytest.fixture
    def other(self, store: GateStore) -> GateStore:
        return store

    async def test_the_first_of_a_request_stays(self, store: GateStore, other: GateStore) -> None:
        assert await store.get("gate-a") is None
        same = [replace(run("a"), gate_id=f"gate-{number}") for number in range(5)]
        opened = await asyncio.gather(
            *(each.open(one, 9) for one in same for each in (store, other))
        )
        assert len({one.gate_id for one in opened}) == 1
        assert await other.get(opened[0].gate_id) == opened[0]
        assert await store.requested(["request-a", "none"]) == {"request-a": opened[0]}
        assert await store.requested([]) == {}

    async def test_a_run_comes_back_as_it_was(self, store: GateStore) -> None:
        finding = Finding(
            *(Verdict.FORGOTTEN, Hypotheses(0.0, 30.0, 0.05, 0.05, 400)),
            *((0, 1, 2, 3, 4), 2.9625, -2.94, 2.94, (Memory("race:1", 1.5, 4, 0.75),)),
        )
        full = run(
            "a",
            state=RunState.FAILED,
            finding=finding,
            issued=12,
            memory_issued=8,
            reissued=1,
            progress_time=1000.125,
            explanation="ünlucky",
            end_time=3000.5,
        )
        await store.open(run("a"), 9)
        assert await store.change("gate-a", lambda _: Step(full)) == replace(full, revision=1)
        assert await store.get("gate-a") == replace(full, revision=1)

    async def test_only_so_many_run(self, store: GateStore) -> None:
        await store.open(run("a"), 2)
        await store.open(run("b"), 2)
        with pytest.raises(ResourceExhausted):
            await store.open(run("c"), 2)
        assert (await store.open(run("a"), 2)).gate_id == "gate-a"  # is there already
        await store.change("gate-a", lambda one: Step(replace(one, state=RunState.CANCELLED)))
        await store.open(run("c"), 2)
        assert [one.gate_id for one in await store.running()] == ["gate-b", "gate-c"]

    async def test_a_match_is_issued_once(
        self, store: GateStore, other: GateStore, leases: LeaseStore
    ) -> None:
        await store.open(run("a"), 9)
        for expected in (0, 3, 6):
            made = await asyncio.gather(
                *(each.change("gate-a", issue(3, expected)) for each in (store, other) * 4)
            )
            assert sum(one is not None for one in made) == 1
        present = await store.get("gate-a")
        assert present is not None
        assert present.issued == 9
        assert list(await store.unplayed("gate-a")) == [f"gate-a/{n}" for n in range(9)]
        assert await leases.count_live() == 9

    async def test_unplayed_are_those_that_are_not_completed(
        self, store: GateStore, leases: LeaseStore
    ) -> None:
        await store.open(run("a"), 9)
        await store.change("gate-a", issue(3, 0))
        await leases.change("gate-a/0", lambda one: completed(one, 1, "w", 2001.0))
        await leases.change("gate-a/1", lambda one: failed(one, 1, "w", TERMS, 2001.0))
        assert await store.unplayed("gate-a") == {
            "gate-a/1": State.QUEUED,
            "gate-a/2": State.LEASED,
        }
        (again,) = (await leases.issue("v", 9, TERMS, 2002.0)).leased
        assert (again.match_id, again.run_id) == ("gate-a/1", "gate-a")

    async def test_an_end_leaves_no_queued_match(
        self, store: GateStore, leases: LeaseStore
    ) -> None:
        for name in ("a", "b"):
            await store.open(run(name), 9)
            await store.change(f"gate-{name}", issue(2, 0))
            await leases.change(f"gate-{name}/1", lambda one: failed(one, 1, "w", TERMS, 2001.0))
        await store.change("gate-a", lambda one: Step(replace(one, state=RunState.PASSED)))
        assert await store.unplayed("gate-a") == {"gate-a/0": State.LEASED}
        assert await store.unplayed("gate-b") == {
            "gate-b/0": State.LEASED,
            "gate-b/1": State.QUEUED,
        }

    async def test_what_changes_nothing_is_told_so(self, store: GateStore) -> None:
        await store.open(run("a"), 9)
        assert await store.change("gate-a", lambda _: None) is None
        assert await store.change("none", Step) is None
        assert await store.get("gate-a") == run("a")

    async def test_pages_are_newest_first(self, store: GateStore) -> None:
        for number in range(5):
            await store.open(run(str(number), f"{'solo' if number % 2 else 'race'}:7"), 9)
        first = await store.page(0, 2)
        assert [one.gate_id for _, one in first] == ["gate-4", "gate-3"]
        rest = await store.page(first[-1][0], 9)
        assert [one.gate_id for _, one in rest] == ["gate-2", "gate-1", "gate-0"]
        assert [one.gate_id for _, one in await store.page(0, 9, name="solo")] == [
            "gate-3",
            "gate-1",
        ]
        assert [one.gate_id for _, one in await store.page(0, 9, run_id="gate-2")] == ["gate-2"]


class TestMemoryGates(GateStoreContract):
    @pytest.fixture
    def leases(self) -> MemoryLeases:
        return MemoryLeases()

    @pytest.fixture
    def store(self, leases: MemoryLeases) -> MemoryGates:
        return MemoryGates(leases)


class TestSqlGates(GateStoreContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.matchmaker")
        yield database
        await database.close()

    @pytest.fixture
    def store(self, database: Database) -> SqlGates:
        return SqlGates(database)

    @pytest.fixture
    async def other(self, database: Database, database_url: str) -> AsyncIterator[SqlGates]:
        other = Database(database_url)
        yield SqlGates(other)
        await other.close()

    @pytest.fixture
    def leases(self, database: Database) -> SqlLeases:
        return SqlLeases(database)
