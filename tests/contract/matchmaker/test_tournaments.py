"""What every `TournamentStore` of the Matchmaker keeps; an adapter's tests inherit the suite."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from mazemesh.errors import ResourceExhausted
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services.matchmaker.rating.leases import Match, State, Terms, leased
from services.matchmaker.store import LeaseStore
from services.matchmaker.stores.contests.sql_tournaments import SqlTournaments
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.tournaments.plan import Forfeit, Format, Plan
from services.matchmaker.tournaments.run import (
    Asked,
    Entrant,
    Entry,
    Move,
    Out,
    Place,
    Seeding,
    TournamentRun,
    TournamentState,
)
from services.matchmaker.tournaments.store import TournamentStore
from tests.unit.matchmaker.memory_stores import MemoryLeases, MemoryTournaments

SETTINGS = GameSettings(width=6, loops=0.25, generator="prim", seats=4)
ENTRANTS = (Entrant("reds", ("race:4", "player/ann")), Entrant("blues", ("race:3", "bot/random")))


def run(name: str, **given: object) -> TournamentRun:
    asked = Asked(
        *(Format.SWISS, Seeding.RATING, ENTRANTS, 2**63 - 1, 1, 3, "ctf", SETTINGS, False, 60.0),
        *("Ünder way", "zoe"),
    )
    plan = Plan(Format.SWISS, ("reds", "blues"), 2**63 - 1, 1, 3, seeded=False)
    plain = TournamentRun(
        *(f"tournament-{name}", f"request-{name}", asked, plan, ENTRANTS, (0, 1, 0, 1)),
        *("ctf/exhibition", "ctf", SETTINGS, 1000.25, False, "key"),
    )
    return replace(plain, **given)  # type: ignore[arg-type]


def issued(present: TournamentRun, key: str, expected: int) -> Move | None:
    """A match of an encounter, by one of those that saw the same revision."""
    if present.revision != expected:
        return None
    match = Match(
        *(present.match_id(key, 0), present.ladder, present.game, present.settings),
        *(("race:4", "race:3", "player/ann", "bot/random"), (1 << 61) + 5, 1000.5),
        run_id=present.run_id,
        lease_seconds=500.0,
    )
    given = leased(match, "w", Terms(100.0, 2), 2000.0)
    return Move(replace(present, out=(*present.out, Out(key, 0))), [given])


class TournamentStoreContract:
    """Needs fixtures `store`, `other` (another instance's) and `leases`, empty."""

    @pytest.fixture
    def other(self, store: TournamentStore) -> TournamentStore:
        return store

    async def test_the_first_of_a_request_stays(
        self, store: TournamentStore, other: TournamentStore
    ) -> None:
        assert await store.get("tournament-a") is None
        same = [replace(run("a"), tournament_id=f"tournament-{number}") for number in range(5)]
        opened = await asyncio.gather(
            *(each.open(one, 9) for one in same for each in (store, other))
        )
        assert len({one.run_id for one in opened}) == 1
        assert await other.get(opened[0].run_id) == opened[0]
        assert await store.requested(["request-a", "none"]) == {"request-a": opened[0]}

    async def test_one_comes_back_as_it_was(self, store: TournamentStore) -> None:
        seats = {"player/ann": (Place("g/0", "secret", 2, "there:1"), Place("g/1", "more", 0))}
        full = run(
            "a",
            state=TournamentState.FINISHED,
            out=(Out("s1.1", 2, True, 1234.5, 1, seats),),
            played=7,
            progress_time=1000.125,
            explanation="reds won",
            winners=(0,),
            end_time=3000.5,
        )
        await store.open(run("a"), 9)
        assert await store.get("tournament-a") == run("a")
        changed = await store.change("tournament-a", lambda _: Move(full))
        assert changed == replace(full, revision=1)
        assert await store.get("tournament-a") == replace(full, revision=1)

    async def test_only_so_many_run(self, store: TournamentStore) -> None:
        await store.open(run("a"), 1)
        with pytest.raises(ResourceExhausted):
            await store.open(run("b"), 1)
        over = run("a", state=TournamentState.CANCELLED)
        await store.change("tournament-a", lambda _: Move(over))
        await store.open(run("b"), 1)
        assert [one.run_id for one in await store.running()] == ["tournament-b"]
        assert [one.run_id for _, one in await store.page(0, 9)] == [
            "tournament-b",
            "tournament-a",
        ]

    async def test_a_match_is_issued_once(
        self, store: TournamentStore, other: TournamentStore, leases: LeaseStore
    ) -> None:
        await store.open(run("a"), 9)
        for revision, key in enumerate(("s1.1", "s1.2")):
            made = await asyncio.gather(
                *(
                    each.change("tournament-a", lambda one, r=revision, k=key: issued(one, k, r))
                    for each in (store, other) * 4
                )
            )
            assert sum(one is not None for one in made) == 1
        present = await store.get("tournament-a")
        assert present is not None
        assert [one.key for one in present.out] == ["s1.1", "s1.2"]
        assert await store.unplayed("tournament-a") == {
            "tournament-a/s1.1/0": State.LEASED,
            "tournament-a/s1.2/0": State.LEASED,
        }
        # A match with people is theirs for longer than others.
        assert not (await leases.issue("v", 9, Terms(100.0, 2), 2400.0)).leased
        again = (await leases.issue("v", 9, Terms(100.0, 2), 2600.0)).leased
        assert {one.expire_time for one in again} == {3100.0}

    async def test_a_log_is_written_with_the_run_and_read_on(
        self, store: TournamentStore, other: TournamentStore
    ) -> None:
        await store.open(run("a"), 9)
        await store.open(run("b"), 9)
        first = [Entry("s1.1", 0, 0.75, None, 1.5), Entry("s1.2", -1, 0.0, Forfeit.BOTH, 2.5)]
        assert await store.entries("tournament-a", 0) == []
        await store.change("tournament-a", lambda one: Move(one, (), first))
        await store.change("tournament-b", lambda one: Move(one, (), first[:1]))
        second = [Entry("s1.1", 1, 0.25, None, 3.5)]
        read = await other.entries("tournament-a", 0)
        assert [entry for _, entry in read] == first
        await store.change("tournament-a", lambda one: Move(one, (), second))
        more = await other.entries("tournament-a", read[-1][0])
        assert [entry for _, entry in more] == second

    async def test_no_match_counts_twice(self, store: TournamentStore) -> None:
        await store.open(run("a"), 9)
        entry = Entry("s1.1", 0, 1.0, None, 1.0)
        await store.change("tournament-a", lambda one: Move(one, (), [entry]))
        with pytest.raises((AssertionError, IntegrityError)):
            await store.change("tournament-a", lambda one: Move(one, (), [entry]))
        assert len(await store.entries("tournament-a", 0)) == 1

    async def test_people_are_present_for_a_while(
        self, store: TournamentStore, other: TournamentStore
    ) -> None:
        await store.beat("tournament-a", "player/ann", 20.0)
        await other.beat("tournament-a", "player/ben", 10.0)
        await store.beat("tournament-b", "player/cy", 90.0)
        assert await other.present("tournament-a", 5.0) == {"player/ann", "player/ben"}
        await other.beat("tournament-a", "player/ben", 30.0)
        assert await store.present("tournament-a", 25.0) == {"player/ben"}


class TestMemoryTournaments(TournamentStoreContract):
    @pytest.fixture
    def leases(self) -> MemoryLeases:
        return MemoryLeases()

    @pytest.fixture
    def store(self, leases: MemoryLeases) -> MemoryTournaments:
        return MemoryTournaments(leases)


class TestSqlTournaments(TournamentStoreContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.matchmaker")
        yield database
        await database.close()

    @pytest.fixture
    def store(self, database: Database) -> SqlTournaments:
        return SqlTournaments(database)

    @pytest.fixture
    async def other(self, database: Database, database_url: str) -> AsyncIterator[SqlTournaments]:
        other = Database(database_url)
        yield SqlTournaments(other)
        await other.close()

    @pytest.fixture
    def leases(self, database: Database) -> SqlLeases:
        return SqlLeases(database)
