"""Vacant seats of running games go to those who would take one."""

from dataclasses import replace

import pytest

from services.matchmaker.lobby.tickets import TicketState, Wish
from services.matchmaker.rating.players import Rating
from services.matchmaker.setup import Vacancy
from tests.unit.matchmaker.fakes import FakeGame
from tests.unit.matchmaker.lobby.test_lobby import World, wish

VACANT = Vacancy("m", "m-r0", 1, "race", ("player/ann", "player/gone"), "here:1", "there:1")


@pytest.fixture
def world() -> World:
    made = World()
    made.game.vacancies.append(VACANT)
    return made


def open_wish(player: str, **over: object) -> Wish:
    return replace(wish(player), backfill=True, **over)  # type: ignore[arg-type]


async def test_who_would_take_a_seat_gets_it(world: World) -> None:
    stream = await world.follow(open_wish("bob"))
    await world.matching.match()
    seat = (await world.ticket(stream)).seat
    assert seat is not None
    assert (seat.game_id, seat.seat, seat.seat_token) == ("m-r0", 1, "m-r0/1/player/bob")
    assert seat.participants == ("player/ann", "player/bob")
    assert (seat.backfilled, seat.game_address) == (True, "here:1")
    assert world.matching.backfilled == 1
    assert world.gaps == [0.0]


async def test_only_who_said_so_and_only_on_the_same_ladder(world: World) -> None:
    await world.follow(wish("bob"))
    await world.follow(open_wish("cid", ladder="race/other"))
    await world.follow(open_wish("ann"))  # who plays there already
    await world.matching.match()
    assert world.game.vacancies == [VACANT]


async def test_the_oldest_in_whose_window_the_others_are(world: World) -> None:
    world.elo.known["race"] = {"player/far": Rating(1400.0, 1300.0, 1500.0, 9)}
    await world.follow(open_wish("far"))
    world.clock.pass_seconds(1.0)
    near = await world.follow(open_wish("near"))
    world.clock.pass_seconds(1.0)
    await world.follow(open_wish("later"))
    await world.matching.match()
    assert (await world.ticket(near)).state is TicketState.MATCHED


async def test_a_seat_that_is_taken_meanwhile_leaves_the_ticket_with_its_age(world: World) -> None:
    await world.follow(open_wish("bob"))
    (before,) = await world.tickets.live()
    world.matching._backfill._game = Taken(vacancies=[VACANT])
    assert await world.matching.match() is False
    assert await world.tickets.live() == [before]


class Taken(FakeGame):
    """A Game where somebody is always faster."""

    async def replace(self, vacancy: Vacancy, player: str) -> str:
        self.vacancies.clear()
        return await super().replace(vacancy, player)


async def test_a_person_does_not_take_a_seat_opposite_itself(world: World) -> None:
    world.game.vacancies.clear()
    for name in ("ann", "dan"):
        await world.follow(open_wish(name, person=name))
    await world.matching.match()
    (setup,) = world.game.matches.values()
    assert setup.backfill
    world.game.vacancies.append(replace(VACANT, match_id=setup.match_id))
    await world.follow(open_wish("bob", person="ann"))
    world.clock.pass_seconds(2.0)
    await world.matching.match()
    assert len(world.game.vacancies) == 1
    stream = await world.follow(open_wish("cid", person="cid"))
    world.clock.pass_seconds(2.0)
    await world.matching.match()
    assert (await world.ticket(stream)).seats[0].backfilled


async def test_while_game_is_away_everybody_waits_on(world: World) -> None:
    world.game.down = True
    await world.follow(open_wish("bob"))
    assert await world.matching.match() is False
    assert len(await world.tickets.live()) == 1
