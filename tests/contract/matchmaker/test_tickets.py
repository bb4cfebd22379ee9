"""What every store of tickets must do, in memory and in a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mazemesh.errors import AlreadyExists, NotFound, Reason, ResourceExhausted, Unavailable
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services._harness.stores.redis_server import RedisServer
from services.matchmaker.lobby.tickets import Seat, Ticket, TicketState, Wish, held
from services.matchmaker.store import LOBBY, TicketStore
from services.matchmaker.stores.redis_leaders import RedisLeaders
from services.matchmaker.stores.tickets.kept_tickets import KeptTickets
from services.matchmaker.stores.tickets.memory import MemoryTickets
from services.matchmaker.stores.tickets.redis_tickets import RedisTickets
from services.matchmaker.stores.tickets.ticket_text import from_text, to_text
from tests.redis_process import RedisProcess


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
        await store.swap([(ticket("ann"), ended(ticket("ann")))])
        assert await store.add(second) == second

    async def test_a_swap_needs_the_present_ticket(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        held = replace(ticket("ann"), state=TicketState.MATCHING)
        assert await store.swap([(ticket("ann"), held)])
        assert not await store.swap([(ticket("ann"), ended(ticket("ann")))])
        assert await store.get("ticket-ann") == held

    async def test_of_two_swaps_one_wins(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        others = [replace(ticket("ann"), rating=rating) for rating in (1.0, 2.0)]
        won = await asyncio.gather(*(store.swap([(ticket("ann"), other)]) for other in others))
        assert sorted(won) == [False, True]

    async def test_a_swap_may_be_repeated(self, store: TicketStore) -> None:
        """Its answer may have been lost on the way."""
        await store.add(ticket("ann"))
        change = ticket("ann"), held(ticket("ann"), "this attempt", 9.0)
        for _ in range(2):
            assert await store.swap([change])
        assert not await store.swap([(ticket("ann"), held(ticket("ann"), "another", 9.0))])

    async def test_several_are_swapped_or_none(self, store: TicketStore) -> None:
        for name in ("ann", "bob"):
            await store.add(ticket(name))
        changes = [(ticket(name), ended(ticket(name))) for name in ("ann", "bob")]
        later = replace(ticket("bob"), rating=1.0)
        await store.swap([(ticket("bob"), later)])
        assert not await store.swap(changes)
        assert await store.get("ticket-ann") == ticket("ann")
        assert await store.swap([changes[0], (later, ended(later))])
        assert await store.live() == []

    async def test_tickets_that_did_not_end_live(self, store: TicketStore) -> None:
        for name, since in (("ann", 3.0), ("bob", 1.0), ("cid", 2.0)):
            await store.add(ticket(name, since))
        matching = held(ticket("cid", 2.0), "h", 9.0)
        await store.swap([(ticket("cid", 2.0), matching)])
        await store.swap([(ticket("ann", 3.0), ended(ticket("ann", 3.0)))])
        assert by_id(await store.live()) == [ticket("bob", 1.0), matching]
        assert await store.count() == 2

    async def test_many_are_added_each_by_itself(self, store: TicketStore) -> None:
        await store.add(ticket("ann"))
        again = replace(ticket("ann"), ticket_id="t2", request_id="r2")
        added = await store.add_each([ticket("ann"), again, ticket("bob"), ticket("cid")])
        assert [added[0], *added[2:]] == [ticket("ann"), ticket("bob"), ticket("cid")]
        assert isinstance(added[1], AlreadyExists)
        assert added[1].reason == Reason.TICKET_WAITS
        (full,) = await store.add_each([ticket("dan")])
        assert isinstance(full, ResourceExhausted)
        assert await store.add_each([]) == []

    async def test_many_groups_are_swapped_each_by_itself(self, store: TicketStore) -> None:
        tickets = {name: ticket(name) for name in ("ann", "bob", "cid")}
        await store.add_each(list(tickets.values()))
        stale = replace(tickets["cid"], rating=1.0)
        done = await store.swap_each(
            [
                [(tickets["ann"], ended(tickets["ann"]))],
                [(tickets["bob"], ended(tickets["bob"])), (stale, ended(stale))],
                [(tickets["cid"], held(tickets["cid"], "h", 9.0))],
            ]
        )
        assert done == [True, False, True]
        assert by_id(await store.live()) == [tickets["bob"], held(tickets["cid"], "h", 9.0)]
        assert await store.swap_each([]) == []

    async def test_each_of_a_party_waits_once_a_ladder(self, store: TicketStore) -> None:
        party = with_party(ticket("ann"), "player/bob", "player/cid")
        await store.add(party)
        for name in ("bob", "cid"):
            with pytest.raises(AlreadyExists, match=f"player: 'player/{name}' waits"):
                await store.add(ticket(name))
        dan = with_party(ticket("dan"), "player/cid")
        with pytest.raises(AlreadyExists, match="party: 'player/cid' waits"):
            await store.add(dan)
        await store.swap([(party, ended(party))])
        await store.add(dan)
        assert await store.live() == [dan]

    async def test_of_several_those_that_are_there_are_found(self, store: TicketStore) -> None:
        for name in ("ann", "bob"):
            await store.add(ticket(name))
        found = await store.find(["ticket-bob", "nobody", "ticket-ann"])
        assert found == [ticket("bob"), ticket("ann")]
        assert await store.find([]) == []

    async def test_there_is_a_limit_to_live_tickets(self, store: TicketStore) -> None:
        for name in ("ann", "bob", "cid"):
            await store.add(ticket(name))
        with pytest.raises(ResourceExhausted, match="3 players"):
            await store.add(ticket("dan"))
        await store.swap([(ticket("ann"), ended(ticket("ann")))])
        await store.add(ticket("dan"))

    async def test_ended_tickets_are_kept_until_pruned(self, store: TicketStore) -> None:
        seat = Seat("m", "g", "token", 1, ("player/ann", "player/bob"))
        done = replace(ended(ticket("ann")), state=TicketState.MATCHED, seats=(seat,))
        await store.add(ticket("ann"))
        await store.add(ticket("bob"))
        await store.swap([(ticket("ann"), done)])
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


def with_party(one: Ticket, *party: str) -> Ticket:
    return replace(one, wish=replace(one.wish, party=party, teams=(0, 0, 0, 1, 1, 1)))


def by_id(tickets: Sequence[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda one: one.ticket_id)


def ended(one: Ticket) -> Ticket:
    return replace(one, state=TicketState.CANCELLED, end_time=50.0)


class TestMemoryTickets(TicketStoreContract):
    @pytest.fixture
    def store(self) -> TicketStore:
        return MemoryTickets(3)

    async def test_the_only_instance_is_never_gone(self, store: TicketStore) -> None:
        assert await store.gone({"me"}) == set()


class TestKeptTickets(TicketStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[TicketStore]:
        async with kept(tmp_path) as tickets:
            yield tickets


@asynccontextmanager
async def kept(folder: Path, now: float = 5.0) -> AsyncIterator[KeptTickets]:
    """The tickets that a process has when it starts on a folder at a time."""
    database = Database(f"sqlite:///{folder}/matchmaker.sqlite")
    await database.migrate("services.matchmaker")
    tickets = KeptTickets(database, 3)
    await tickets.load(now)
    try:
        yield tickets
    finally:
        await tickets.close()
        await database.close()


async def test_after_a_restart_tickets_wait_on_with_their_age(tmp_path: Path) -> None:
    seat = Seat("m", "g", "token", 1, ("player/bob", "player/eve"))
    matched = replace(ended(ticket("bob")), state=TicketState.MATCHED, seats=(seat,))
    party = with_party(ticket("cid", 3.0), "player/dan")
    async with kept(tmp_path) as before:
        await before.add_each([ticket("ann", 2.0), ticket("bob")])
        await before.add(party)
        heard = replace(ticket("ann", 2.0), listener="me")
        seating = held(heard, "h", 99.0)
        await before.swap_each([[(ticket("ann", 2.0), heard)], [(ticket("bob"), matched)]])
        await before.swap([(heard, seating)])
    async with kept(tmp_path, now=7.0) as after:
        nobody_listens = [replace(one, gone_since=7.0) for one in (ticket("ann", 2.0), party)]
        assert by_id(await after.live()) == nobody_listens
        assert await after.get("ticket-bob") == matched
        assert (await after.add(ticket("ann"))).since == 2.0
        with pytest.raises(AlreadyExists):
            await after.add(replace(ticket("dan"), request_id="another"))
        await after.prune(60.0)
    async with kept(tmp_path) as last:
        with pytest.raises(NotFound):
            await last.get("ticket-bob")
        assert await last.count() == 2


async def test_a_disk_that_is_full_refuses_tickets_and_ends_go_on(tmp_path: Path) -> None:
    async with kept(tmp_path) as tickets:
        await tickets.add(ticket("ann"))
        database = tickets._database
        tickets._database = FullDatabase()  # type: ignore[assignment]
        with pytest.raises(ResourceExhausted):
            await tickets.add(ticket("bob"))
        assert await tickets.swap([(ticket("ann"), ended(ticket("ann")))])
        tickets._database = database
        assert await tickets.add(ticket("bob")) == ticket("bob")
        await tickets.add(ticket("cid"))
    async with kept(tmp_path) as after:
        assert [one.ticket_id for one in by_id(await after.live())] == ["ticket-bob", "ticket-cid"]
        assert await after.get("ticket-ann") == ended(ticket("ann"))


class FullDatabase:
    """A disk without room."""

    async def run_statements(self, work: object) -> None:
        raise ResourceExhausted("no room")


@pytest.mark.redis
class TestRedisTickets(TicketStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> TicketStore:
        return RedisTickets(redis_server, 3)

    async def test_an_instance_that_beats_lives(self, store: TicketStore) -> None:
        await store.beat("me")
        assert await store.gone({"me", "you"}) == {"you"}
        assert await store.gone(set()) == set()

    async def test_who_lost_the_turn_changes_nothing(
        self, redis_server: RedisServer, store: TicketStore
    ) -> None:
        leaders = RedisLeaders(redis_server)
        await store.add(ticket("ann"))
        fence = await leaders.hold(LOBBY, "me", 60.0)
        await leaders.leave(LOBBY, "me")
        later = await leaders.hold(LOBBY, "you", 60.0)
        change = ticket("ann"), ended(ticket("ann"))
        assert not await store.swap([change], fence)
        assert await store.swap([change], later)


@pytest.fixture
async def flushable(redis_own: RedisProcess) -> AsyncIterator[TicketStore]:
    server = RedisServer(redis_own.url)
    yield RedisTickets(server, 3)
    await server.close()


@pytest.mark.redis
async def test_every_key_has_an_end(redis_own: RedisProcess, flushable: TicketStore) -> None:
    for name in ("ann", "bob"):
        await flushable.add(ticket(name))
    await flushable.swap([(ticket("ann"), ended(ticket("ann")))])
    await flushable.beat("me")
    assert await asyncio.to_thread(redis_own.keys_without_end) == []


@pytest.mark.redis
async def test_what_was_flushed_can_be_put_back(
    redis_own: RedisProcess, flushable: TicketStore
) -> None:
    await flushable.add(ticket("ann"))
    await asyncio.to_thread(redis_own.flush)
    with pytest.raises(NotFound):
        await flushable.get("ticket-ann")
    assert not await flushable.swap([(ticket("ann"), ended(ticket("ann")))])
    assert await flushable.live() == []
    await flushable.add(ticket("ann"))
    assert await flushable.live() == [ticket("ann")]


@pytest.mark.redis
async def test_while_redis_is_away_every_call_says_so(
    redis_own: RedisProcess, flushable: TicketStore
) -> None:
    await flushable.add(ticket("ann"))
    await asyncio.to_thread(redis_own.kill)
    for call in (flushable.live(), flushable.add(ticket("bob")), flushable.beat("me")):
        with pytest.raises(Unavailable):
            await call
    await asyncio.to_thread(redis_own.start)
    assert await flushable.live() == []
    assert await flushable.add(ticket("ann")) == ticket("ann")


def test_a_ticket_comes_back_from_its_text() -> None:
    seat = Seat("m", "g", "token", 1, ("player/ann", "player/bob"))
    one = ticket("ann", 1.1)
    wish = replace(one.wish, bot_after=0.1, bots=("bot/a",), settings=GameSettings(width=6))
    for each in (
        one,
        held(one, "h", 2.2),
        replace(one, wish=wish, seats=(seat,), gone_since=1e9 / 3),
    ):
        assert from_text(to_text(each)) == each
        assert to_text(from_text(to_text(each))) == to_text(each)
