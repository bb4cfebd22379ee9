"""What every `Projections` and `Lease` of the Elo service keeps; adapters inherit the suite."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from services._harness.sql.database import Database
from services.elo.models.bradley_terry import fit
from services.elo.models.fitting.spread import Samples
from services.elo.standings.boards import restored, state_of
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.folding.points import NONE, Points
from services.elo.standings.standings import Standings, of_fitted, standings, to_fitted
from services.elo.store import Fenced, Lease, Projections, Snapshot, Update
from services.elo.stores import columns
from services.elo.stores.sql_lease import SqlLease
from services.elo.stores.sql_projections import SqlProjections
from tests.unit.elo.memory_log import MemoryLease, MemoryProjections
from tests.unit.elo.played import TRUTH, folded, simulated, state

MATCHES = simulated(np.random.default_rng(1), TRUTH, 90, correlation=0.3)


def points_of(ladder: Ladder, first: int, last: int) -> Points:
    """The points of matches of the log, by place."""
    points = ladder.tail.all()
    chosen = (points.sequences >= first) & (points.sequences <= last)
    return points.where(np.flatnonzero(chosen))


def fitted(ladder: Ladder) -> Standings:
    problem = ladder.problem()
    names = ladder.players.names
    return standings(fit(problem), problem, names, ladder.high_water, ladder.matches)


def same(one: Points, other: Points) -> bool:
    return [column.tobytes() for column in one] == [column.tobytes() for column in other]


class ProjectionsContract:
    """Needs fixtures `projections`, empty, and `lease`, theirs."""

    async def test_there_is_nothing_at_first(self, projections: Projections) -> None:
        assert await projections.load() == Snapshot(0, [])
        assert await projections.mark() == 0
        assert list(await projections.fitted({})) == []
        assert same(await projections.history("race", 0, 0, 10), NONE)

    async def test_a_ladder_comes_back_bit_for_bit(
        self, projections: Projections, lease: Lease
    ) -> None:
        ladder, other = folded(MATCHES), folded(MATCHES[:7], "race-15x15")
        fence = await lease.take("one", 60.0)
        assert fence is not None
        both = Snapshot(90, [state_of(ladder), state_of(other)])
        await projections.save(fence, Update(90, {}, [], both))
        found = await projections.load()
        assert found.mark == 90
        by_name = {one.name: restored(one) for one in found.ladders}
        assert state(by_name["race"])[:-1] == state(ladder)[:-1]
        assert state(by_name["race-15x15"])[:-1] == state(other)[:-1]
        # The next takes its place, for ladders that changed.
        larger = folded(MATCHES[:30], "race-15x15")
        await projections.save(fence, Update(95, {}, [], Snapshot(95, [state_of(larger)])))
        found = await projections.load()
        by_name = {one.name: restored(one) for one in found.ladders}
        assert found.mark == 95
        assert state(by_name["race-15x15"])[:-1] == state(larger)[:-1]
        assert state(by_name["race"])[:-1] == state(ladder)[:-1]

    async def test_standings_are_shared_bit_for_bit(
        self, projections: Projections, lease: Lease
    ) -> None:
        ladder = folded(MATCHES)
        told = fitted(ladder)
        fence = await lease.take("one", 60.0)
        assert fence is not None
        await projections.save(fence, Update(0, {}, [to_fitted("race", told)]))
        assert list(await projections.fitted({"race": told.high_water})) == []
        for known in ({}, {"race": 3}):
            (found,) = await projections.fitted(known)
            again = of_fitted(found, ladder.players.names)
            assert (again.high_water, again.matches, again.names) == (90, 90, told.names)
            assert (again.order, again.log_nu) == (told.order, told.log_nu)
            for one, other in (
                (again.ratings, told.ratings),
                (again.low, told.low),
                (again.high, told.high),
            ):
                assert one.tobytes() == other.tobytes()
            assert again.ranks.tolist() == told.ranks.tolist()
            pairs = np.array([0, 1, 2]), np.array([3, 4, 0])
            likely, known = again.superiority(*pairs), told.superiority(*pairs)
            assert likely is not None
            assert known is not None
            assert likely.tobytes() == known.tobytes()

    async def test_histories_grow_and_are_read_from_any_place(
        self, projections: Projections, lease: Lease
    ) -> None:
        ladder = folded(MATCHES)
        fence = await lease.take("one", 60.0)
        assert fence is not None
        for first, last in ((1, 5), (4, 40), (30, 40), (41, 90)):  # what was stored is left out
            update = Update(last, {"race": points_of(ladder, first, last)}, [])
            await projections.save(fence, update)
            assert await projections.mark() == last
        for player in range(len(ladder.players)):
            all_of_it = ladder.tail.of(player, 0, 100)
            for start, count in ((0, 100), (0, 1), (3, 5), (7, 100), (len(all_of_it), 5)):
                found = await projections.history("race", player, start, count)
                assert same(found, all_of_it.where(slice(start, start + count)))
        assert len(await projections.history("other", 0, 0, 10)) == 0

    async def test_who_lost_the_lease_writes_nothing(
        self, projections: Projections, lease: Lease
    ) -> None:
        ladder = folded(MATCHES)
        old = await lease.take("one", 60.0)
        assert old is not None
        assert await lease.take("two", 60.0) is None
        assert await lease.take("one", 60.0) == old
        await lease.give_back(old)
        new = await lease.take("two", 60.0)
        assert new is not None
        assert new > old
        update = Update(
            90,
            {"race": ladder.tail.all()},
            [to_fitted("race", fitted(ladder))],
            Snapshot(90, [state_of(ladder)]),
        )
        with pytest.raises(Fenced):
            await projections.save(old, update)
        assert await projections.load() == Snapshot(0, [])
        assert (await projections.mark(), list(await projections.fitted({}))) == (0, [])
        await lease.give_back(old)  # no longer its own
        assert await lease.take("one", 60.0) is None
        await projections.save(new, update)
        assert await projections.mark() == 90


class TestMemory(ProjectionsContract):
    """The fakes that unit tests use behave as the real ones."""

    @pytest.fixture
    async def lease(self) -> MemoryLease:
        return MemoryLease()

    @pytest.fixture
    async def projections(self, lease: MemoryLease) -> MemoryProjections:
        return MemoryProjections(lease)


class TestSql(ProjectionsContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.elo")
        yield database
        await database.close()

    @pytest.fixture
    async def lease(self, database: Database) -> SqlLease:
        return SqlLease(database, alone=False)

    @pytest.fixture
    async def projections(self, database: Database) -> SqlProjections:
        return SqlProjections(database)

    async def test_a_lease_that_ran_out_is_taken(self, lease: SqlLease, database: Database) -> None:
        old = await lease.take("one", 0.0)
        new = await lease.take("two", 60.0)
        assert old is not None
        assert new == old + 1
        assert await lease.take("one", 60.0) is None
        # Who is alone waits for nobody.
        assert await SqlLease(database, alone=True).take("three", 60.0) == new + 1

    async def test_many_pairs_are_several_rows(
        self, projections: SqlProjections, lease: SqlLease, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(columns, "ROWS_OF_A_PART", 3)
        ladder = folded(MATCHES)
        fence = await lease.take("one", 60.0)
        assert fence is not None
        for _ in range(2):
            snapshot = Snapshot(90, [state_of(ladder)])
            await projections.save(fence, Update(90, {}, [], snapshot))
        (found,) = (await projections.load()).ladders
        assert len(found.pairs) > 3
        assert found.pairs.tobytes() == ladder.pairs.rows.tobytes()


def test_draws_are_stored_bit_for_bit() -> None:
    draws = np.random.default_rng(1).normal(size=(7, 4))
    spread = Samples(np.arange(7.0), draws).compact()
    again = columns.read_spread(columns.spread(spread))
    assert isinstance(again, Samples)
    assert again.draws.tobytes() == spread.draws.tobytes()
    assert again.variances.tobytes() == spread.variances.tobytes()
