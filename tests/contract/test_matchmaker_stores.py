"""What every store of the Matchmaker must do; the classes are inherited by each adapter's tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted
from mazemesh.games import GameSettings
from services._harness.database import Database
from services._harness.migrations import schema_differences
from services.matchmaker.lobby.tickets import Seat, Ticket, TicketState, Wish
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.store import (
    AnchorStore,
    LeaseStore,
    NumberStore,
    OutcomeState,
    OutcomeStore,
    TicketStore,
)
from services.matchmaker.stores.memory import MemoryTickets
from services.matchmaker.stores.sql import SqlAnchors, SqlLeases, SqlNumbers, SqlOutcomes
from services.matchmaker.stores.tables import metadata
from services.matchmaker.training.outcomes import Form


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate("services.matchmaker")
    yield database
    await database.close()


def match(number: int) -> Match:
    settings = GameSettings(width=6, loops=0.25, generator="prim", seats=2)
    pair = ("race:1", "bot/random")
    seed = (1 << 61) + number
    return Match(f"match-{number}", "race-x", "race", settings, pair, seed, 1000.5 + number)


class LeaseStoreContract:
    @pytest.fixture
    def store(self) -> LeaseStore:
        raise NotImplementedError

    async def test_an_empty_store_remembers_nothing(self, store: LeaseStore) -> None:
        assert await store.load() == []

    async def test_what_was_saved_is_loaded_oldest_first(self, store: LeaseStore) -> None:
        leased = replace(
            match(1), state=State.LEASED, fence=7, attempts=2, worker="w", expire_time=1120.25
        )
        await store.save([match(2), leased])
        assert await store.load() == [leased, match(2)]

    async def test_a_later_row_replaces_the_earlier(self, store: LeaseStore) -> None:
        await store.save([match(1), match(2)])
        done = replace(match(1), state=State.COMPLETED, fence=1, end_time=5.0)
        await store.save([done])
        assert await store.load() == [done, match(2)]

    async def test_forgotten_rows_are_gone(self, store: LeaseStore) -> None:
        await store.save([match(1), match(2)])
        await store.save([], ["match-1", "never-was"])
        assert await store.load() == [match(2)]

    async def test_many_rows_at_once(self, store: LeaseStore) -> None:
        rows = [match(number) for number in range(1300)]
        for _ in range(2):
            await store.save(rows)
        assert await store.load() == rows


class AnchorStoreContract:
    @pytest.fixture
    def store(self) -> AnchorStore:
        raise NotImplementedError

    async def test_counts_are_replaced(self, store: AnchorStore) -> None:
        assert dict(await store.load()) == {}
        pair, three = ("race", ("bot/a", "bot/b")), ("race-x", ("bot/a", "bot/b", "bot/c"))
        await store.save({pair: 1, three: 2})
        await store.save({pair: 5})
        assert dict(await store.load()) == {pair: 5, three: 2}


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
    @pytest.fixture
    def store(self) -> OutcomeStore:
        raise NotImplementedError

    async def test_an_empty_store_remembers_nothing(self, store: OutcomeStore) -> None:
        assert await store.load() == OutcomeState({}, [])

    async def test_records_are_replaced_and_requests_added(self, store: OutcomeStore) -> None:
        key, other = ("race", "race:1"), ("race", "bot/random")
        await store.save(OutcomeState({key: Form(0.1, 0.7, 3)}, ["r1"]), 10)
        await store.save(OutcomeState({key: Form(0.3, 1.7, 9), other: Form()}, ["r3", "r2"]), 10)
        state = await store.load()
        assert dict(state.forms) == {key: Form(0.3, 1.7, 9), other: Form()}
        assert state.request_ids == ["r1", "r3", "r2"]

    async def test_only_the_newest_requests_are_kept(self, store: OutcomeStore) -> None:
        for number in range(5):
            await store.save(OutcomeState({}, [f"a{number}", f"b{number}"]), 3)
        assert (await store.load()).request_ids == ["b3", "a4", "b4"]

    async def test_saving_the_same_again_does_no_harm(self, store: OutcomeStore) -> None:
        changes = OutcomeState({("race", "race:1"): Form(1.0, 2.0, 2)}, ["r1", "r2"])
        await store.save(changes, 10)
        await store.save(changes, 10)
        assert await store.load() == changes


class TicketStoreContract:
    @pytest.fixture
    def store(self) -> TicketStore:
        """A store that holds three live tickets at most."""
        raise NotImplementedError

    async def test_a_ticket_is_found_by_its_id(self, store: TicketStore) -> None:
        assert await store.add(ticket("ann")) == ticket("ann")
        assert await store.get("ticket-ann") == ticket("ann")
        with pytest.raises(NotFound):
            await store.get("ticket-bob")

    async def test_the_same_request_is_the_same_ticket(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        again = replace(ticket("ann"), ticket_id="another", rating=5.0)
        assert await store.add(again) == ticket("ann")

    async def test_one_live_ticket_a_player_and_ladder(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        second = replace(ticket("ann"), ticket_id="t2", request_id="r2")
        with pytest.raises(AlreadyExists, match="player/ann"):
            await store.add(second)
        await store.swap(ticket("ann"), ended(ticket("ann")))
        assert await store.add(second) == second

    async def test_a_swap_needs_the_present_ticket(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        held = replace(ticket("ann"), state=TicketState.MATCHING)
        assert await store.swap(ticket("ann"), held)
        assert not await store.swap(ticket("ann"), ended(ticket("ann")))
        assert await store.get("ticket-ann") == held

    async def test_of_two_swaps_one_wins(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        others = [replace(ticket("ann"), rating=rating) for rating in (1.0, 2.0)]
        won = await asyncio.gather(*(store.swap(ticket("ann"), other) for other in others))
        assert sorted(won) == [False, True]

    async def test_only_waiting_tickets_wait_oldest_first(self, store: TicketStore) -> None:
        for name, since in (("ann", 3.0), ("bob", 1.0), ("cid", 2.0)):
            await store.add(ticket(name, since))
        await store.swap(
            ticket("cid", 2.0), replace(ticket("cid", 2.0), state=TicketState.MATCHING)
        )
        assert [one.ticket_id for one in await store.waiting()] == ["ticket-bob", "ticket-ann"]

    async def test_there_is_a_limit_to_live_tickets(self, store: TicketStore) -> None:
        for name in ("ann", "bob", "cid"):
            await store.add(ticket(name))
        with pytest.raises(ResourceExhausted, match="3 players"):
            await store.add(ticket("dan"))
        await store.swap(ticket("ann"), ended(ticket("ann")))
        await store.add(ticket("dan"))

    async def test_ended_tickets_are_kept_until_pruned(self, store: TicketStore) -> None:
        seat = Seat("m", "g", "token", 1, ("player/ann", "player/bob"))
        done = replace(ended(ticket("ann")), state=TicketState.MATCHED, seat=seat)
        await store.add(ticket("ann"))
        await store.add(ticket("bob"))
        await store.swap(ticket("ann"), done)
        await store.prune(50.0)
        assert await store.get("ticket-ann") == done
        await store.prune(50.1)
        with pytest.raises(NotFound):
            await store.get("ticket-ann")
        assert await store.get("ticket-bob") == ticket("bob")
        assert await store.add(ticket("ann")) == ticket("ann")


def ticket(name: str, since: float = 1.0) -> Ticket:
    wish = Wish(f"player/{name}", "race", "race", GameSettings(), 2, False, 60.0)
    return Ticket(f"ticket-{name}", f"request-{name}", wish, 1000.0, since)


def ended(one: Ticket) -> Ticket:
    return replace(one, state=TicketState.CANCELLED, end_time=50.0)


class TestSqlLeases(LeaseStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> LeaseStore:
        return SqlLeases(database)


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
        return SqlOutcomes(database)


class TestMemoryTickets(TicketStoreContract):
    @pytest.fixture
    def store(self) -> TicketStore:
        return MemoryTickets(3)


def test_the_migrations_make_the_tables(database: Database) -> None:
    assert schema_differences(database.engine, "services.matchmaker", metadata) == []
