import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mazemesh.errors import AlreadyExists, FailedPrecondition, NotFound, Unavailable
from services._harness.notices import LocalNotices
from services.matchmaker.lobby.beginning import Group
from services.matchmaker.lobby.desk import Desk
from services.matchmaker.lobby.lobby import Lobby, Waiting
from services.matchmaker.lobby.matching import Matching
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import Ticket, TicketState, Window, Wish
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.ladders import ladder_of
from services.matchmaker.rating.players import Rating
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.setup import CreatedMatch, MatchSetup
from services.matchmaker.stores.tickets.memory import LocalLeaders, MemoryTickets
from tests.game_specs import known
from tests.unit.matchmaker.fakes import FakeClock, FakeElo, FakeGame
from tests.unit.matchmaker.memory_stores import MemoryNumbers

GRACE = 10.0
INSTANCE = "here"


@dataclass
class World:
    """A lobby, its clock and its peers."""

    clock: FakeClock = field(default_factory=FakeClock)
    game: FakeGame = field(default_factory=FakeGame)
    elo: FakeElo = field(default_factory=FakeElo)
    streams: list[AsyncGenerator[Waiting]] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tickets = MemoryTickets(100)
        self.desk = Desk(self.tickets, LocalNotices(), GRACE, self.clock)
        ratings = Ratings(self.elo, 2.0, self.clock)
        window = Window(100.0, 50.0, 5.0, 500.0)
        seekers = Seekers(self.elo, 2.0, self.clock)
        self.lobby = Lobby(self.desk, seekers, instance=INSTANCE, window=window, heartbeat=20.0)
        self.matching = Matching(
            self.desk,
            LocalLeaders(),
            Numbers(MemoryNumbers()),
            ratings,
            self.game,
            self.game,
            seekers,
            instance=INSTANCE,
            is_shared=False,
            window=window,
            rng=np.random.default_rng(0),
            gap=self.gaps.append,
        )

    async def follow(self, wished: Wish, request: str = "") -> AsyncGenerator[Waiting]:
        """A stream that has been told `queued`."""
        ticket = await self.lobby.enter(request or wished.player, wished)
        stream = self.lobby.follow(ticket.ticket_id)
        self.streams.append(stream)  # one that nobody holds would be closed at some moment
        await anext(stream)
        return stream

    async def ticket(self, stream: AsyncGenerator[Waiting]) -> Ticket:
        return (await anext(stream)).ticket


def wish(player: str, game: str = "race", *, rated: bool = False, **over: float) -> Wish:
    ladder = ladder_of(known(game))
    made = Wish(
        f"player/{player}",
        ladder.name,
        game,
        ladder.settings,
        ladder.players,
        rated=rated,
        max_wait=60.0,
        bots=ladder.bots,
    )
    return replace(made, **over)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World()


async def test_two_players_get_a_seat_each(world: World) -> None:
    first, second = await world.follow(wish("ann")), await world.follow(wish("bob"))
    assert await world.matching.match() is False
    ann, bob = await world.ticket(first), await world.ticket(second)
    assert ann.state is bob.state is TicketState.MATCHED
    assert ann.seat is not None
    assert bob.seat is not None
    assert ann.seat.match_id == bob.seat.match_id
    assert {ann.seat.seat, bob.seat.seat} == {0, 1}
    assert ann.seat.seat_token != bob.seat.seat_token
    assert ann.seat.participants[ann.seat.seat] == "player/ann"
    (setup,) = world.game.matches.values()
    assert setup.rotations == 1
    with pytest.raises(StopAsyncIteration):
        await anext(first)


async def test_how_long_one_waits_and_how_far_two_are_apart_is_told(world: World) -> None:
    await world.follow(wish("ann"))
    world.clock.now += 7.0
    await world.matching.match()
    assert world.matching.longest_wait == pytest.approx(7.0)
    await world.follow(wish("bob"))
    await world.matching.match()
    await world.matching.match()
    assert (world.gaps, world.matching.longest_wait) == ([0.0], 0.0)


async def test_in_a_time_trial_each_has_a_game_of_its_own(world: World) -> None:
    streams = [await world.follow(wish(name, "solo")) for name in ("ann", "bob")]
    await world.matching.match()
    seats = [(await world.ticket(stream)).seat for stream in streams]
    assert len({seat.game_id for seat in seats if seat}) == 2


async def test_rated_and_unrated_do_not_mix(world: World) -> None:
    await world.follow(wish("ann", rated=True))
    await world.follow(wish("bob"))
    await world.matching.match()
    assert world.game.matches == {}


async def test_ratings_keep_players_apart_until_the_window_is_wide(world: World) -> None:
    world.elo.known["race"] = {"player/ann": Rating(1250.0, 1200.0, 1300.0, 40)}
    await world.follow(wish("ann"))
    await world.follow(wish("bob"))
    await world.matching.match()
    assert world.game.matches == {}
    world.clock.pass_seconds(15.0)
    await world.matching.match()
    assert len(world.game.matches) == 1


async def test_without_elo_everybody_is_at_1000(world: World) -> None:
    world.elo.down = True
    stream = await world.follow(wish("ann"))
    assert (await world.tickets.live())[0].rating == 1000.0
    await stream.aclose()


async def test_when_game_is_down_the_players_wait_on(world: World) -> None:
    first, second = await world.follow(wish("ann")), await world.follow(wish("bob"))
    world.game.down = True
    assert await world.matching.match() is True
    assert [one.state for one in await world.tickets.live()] == [TicketState.WAITING] * 2
    world.game.down = False
    await world.matching.match()
    assert (await world.ticket(first)).state is TicketState.MATCHED
    assert (await world.ticket(second)).state is TicketState.MATCHED


async def test_the_same_request_follows_the_same_ticket(world: World) -> None:
    first = await world.lobby.enter("r1", wish("ann"))
    assert (await world.lobby.enter("r1", wish("ann"))).ticket_id == first.ticket_id
    with pytest.raises(AlreadyExists, match="'r1' was used for another request"):
        await world.lobby.enter("r1", wish("ann", max_wait=5.0))


async def test_a_match_is_still_told_to_a_repeated_request(world: World) -> None:
    first, _ = await world.follow(wish("ann"), "r1"), await world.follow(wish("bob"))
    await world.matching.match()
    told = await world.ticket(first)
    again = await world.lobby.enter("r1", wish("ann"))
    assert (await world.ticket(world.lobby.follow(again.ticket_id))) == told


async def test_a_player_has_one_live_ticket_a_ladder(world: World) -> None:
    stream = await world.follow(wish("ann"), "r1")
    with pytest.raises(AlreadyExists, match="waits on ladder 'race' already"):
        await world.lobby.enter("r2", wish("ann"))
    await world.lobby.enter("r3", wish("ann", "solo"))
    (first,) = [one for one in await world.tickets.live() if one.request_id == "r1"]
    await world.lobby.cancel(first.ticket_id)
    assert (await world.ticket(stream)).state is TicketState.CANCELLED
    await world.lobby.enter("r4", wish("ann"))


async def test_a_ticket_expires_at_its_time_without_the_matching_loop(world: World) -> None:
    ticket = await world.lobby.enter("r1", wish("ann", max_wait=0.05))
    stream = world.lobby.follow(ticket.ticket_id)
    await anext(stream)
    world.clock.pass_seconds(0.05)
    assert (await world.ticket(stream)).state is TicketState.EXPIRED


async def test_a_broken_stream_has_a_grace_and_is_not_matched_meanwhile(world: World) -> None:
    gone = await world.follow(wish("ann"), "r1")
    await world.follow(wish("bob"))
    await gone.aclose()
    await world.matching.match()
    assert world.game.matches == {}
    world.clock.pass_seconds(GRACE - 1)
    await world.matching.match()
    back = await world.follow(wish("ann"), "r1")
    await world.matching.match()
    assert (await world.ticket(back)).state is TicketState.MATCHED


async def test_after_the_grace_the_ticket_expires(world: World) -> None:
    gone = await world.follow(wish("ann"), "r1")
    await gone.aclose()
    world.clock.pass_seconds(GRACE)
    await world.matching.match()
    assert await world.tickets.live() == []
    again = await world.lobby.enter("r1", wish("ann"))
    assert again.state is TicketState.EXPIRED


async def test_one_of_two_streams_may_break(world: World) -> None:
    first = await world.follow(wish("ann"), "r1")
    second = await world.follow(wish("ann"), "r1")
    await first.aclose()
    await world.follow(wish("bob"))
    await world.matching.match()
    assert (await world.ticket(second)).state is TicketState.MATCHED


async def test_who_left_just_before_the_match_keeps_nobody_else(world: World) -> None:
    await world.follow(wish("ann"))
    await world.follow(wish("bob"))
    ann, bob = await world.tickets.live()
    await world.lobby.cancel(bob.ticket_id)
    assert await world.matching._beginning.begin([Group([ann, bob])], 1)
    assert world.game.matches == {}
    assert await world.tickets.live() == [ann]


class GameWithNews(FakeGame):
    """Something happens while it makes matches."""

    def __init__(self, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.happens = happens

    async def create(self, setups: Sequence[MatchSetup]) -> list[CreatedMatch]:
        created = await super().create(setups)
        await self.happens()
        return created


async def test_who_cancels_while_the_match_is_made_is_out_and_the_other_waits_on(
    world: World,
) -> None:
    async def cancel() -> None:
        (bob,) = [one for one in await world.tickets.live() if one.wish.player == "player/bob"]
        assert bob.state is TicketState.MATCHING
        await world.lobby.cancel(bob.ticket_id)

    world.matching._beginning._game = GameWithNews(cancel)
    ann, bob = await world.follow(wish("ann")), await world.follow(wish("bob"))
    assert await world.matching.match() is False
    assert (await world.ticket(bob)).state is TicketState.CANCELLED
    world.matching._beginning._game = world.game
    await world.follow(wish("cid"))
    await world.matching.match()
    matched = await world.ticket(ann)
    assert matched.state is TicketState.MATCHED
    with pytest.raises(FailedPrecondition, match="is matched"):
        await world.lobby.cancel(matched.ticket_id)


async def test_who_goes_away_while_the_match_is_made_keeps_nobody(world: World) -> None:
    ann, bob = await world.follow(wish("ann")), await world.follow(wish("bob"), "r2")
    world.matching._beginning._game = GameWithNews(bob.aclose)
    await world.matching.match()
    waiting = {one.wish.player: one for one in await world.tickets.live()}
    assert waiting["player/ann"].gone_since is None
    assert {one.state for one in waiting.values()} == {TicketState.WAITING}
    world.matching._beginning._game = world.game
    back = await world.follow(wish("bob"), "r2")
    await world.matching.match()
    assert (await world.ticket(ann)).state is (await world.ticket(back)).state
    assert (await world.ticket(world.lobby.follow(waiting["player/bob"].ticket_id))).seat


async def test_a_bot_of_the_nearest_rating_steps_in(world: World) -> None:
    world.elo.known["race"] = {
        "bot/random": Rating(600.0, 590.0, 610.0, 60),
        "bot/wall-follower": Rating(980.0, 970.0, 990.0, 60),
        "bot/shortest-path": Rating(1420.0, 1400.0, 1440.0, 60),
    }
    stream = await world.follow(wish("ann", bot_after=5.0))
    await world.matching.match()
    assert world.game.matches == {}
    world.clock.pass_seconds(5.0)
    await world.matching.match()
    seat = (await world.ticket(stream)).seat
    assert seat is not None
    assert set(seat.participants) == {"player/ann", "bot/wall-follower"}
    assert seat.seat_token


async def test_a_person_is_preferred_to_a_bot(world: World) -> None:
    await world.follow(wish("ann", bot_after=0.0))
    await world.follow(wish("bob", bot_after=0.0))
    await world.matching.match()
    (setup,) = world.game.matches.values()
    assert set(setup.participants) == {"player/ann", "player/bob"}


async def test_a_table_too_large_for_the_bots_waits(world: World) -> None:
    await world.follow(wish("ann", size=8, bot_after=0.0, rated=True))
    assert await world.matching.match() is False
    assert len(await world.tickets.live()) == 1


async def test_cancelling_twice_is_fine_and_unknown_is_not_found(world: World) -> None:
    ticket = await world.lobby.enter("r1", wish("ann"))
    await world.lobby.cancel(ticket.ticket_id)
    await world.lobby.cancel(ticket.ticket_id)
    with pytest.raises(NotFound, match="'nowhere'"):
        await world.lobby.cancel("nowhere")


async def test_stopping_ends_the_streams(world: World) -> None:
    stream = await world.follow(wish("ann"))
    waiting = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await world.lobby.close()
    with pytest.raises(Unavailable, match="stopping"):
        await waiting


async def test_the_loop_matches_by_itself(world: World) -> None:
    loop = asyncio.create_task(world.matching.run())
    first, second = await world.follow(wish("ann")), await world.follow(wish("bob"))
    async with asyncio.timeout(5):
        assert (await world.ticket(first)).state is TicketState.MATCHED
        assert (await world.ticket(second)).state is TicketState.MATCHED
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
