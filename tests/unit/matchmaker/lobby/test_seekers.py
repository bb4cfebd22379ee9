"""Ratings of those who come."""

import asyncio

import pytest

from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.rating.players import Rating
from tests.unit.matchmaker.fakes import FakeClock, FakeElo


@pytest.fixture
def elo() -> FakeElo:
    ratings = {f"player/{number}": Rating(1000.0 + number, 900.0, 1100.0, 9) for number in range(9)}
    return FakeElo(known={"race": ratings})


async def test_who_come_at_once_are_asked_for_together(elo: FakeElo) -> None:
    seekers = Seekers(elo, 2.0, FakeClock())
    asked = (seekers.rating("race", f"player/{number}") for number in range(12))
    found = await asyncio.gather(*asked)
    assert found == [*(1000.0 + number for number in range(9)), 1000.0, 1000.0, 1000.0]
    assert elo.asked == 1


async def test_a_ladder_is_read_again_when_it_is_old(elo: FakeElo) -> None:
    clock = FakeClock()
    seekers = Seekers(elo, 2.0, clock)
    assert await seekers.rating("race", "player/3") == 1003.0
    elo.known["race"] = {"player/3": Rating(1500.0, 1400.0, 1600.0, 10)}
    assert await seekers.rating("race", "player/3") == 1003.0
    clock.pass_seconds(100.0)  # what is as old as that does not count while it is read anew
    assert await seekers.rating("race", "player/3") == 1500.0
    clock.pass_seconds(3.0)  # what is a little old does
    elo.known["race"] = {}
    assert await seekers.rating("race", "player/3") == 1500.0
    await asyncio.sleep(0)
    assert await seekers.rating("race", "player/3") == 1000.0
    await seekers.close()


async def test_without_elo_the_last_ratings_count_and_it_is_not_asked_by_each(elo: FakeElo) -> None:
    clock = FakeClock()
    seekers = Seekers(elo, 2.0, clock)
    await seekers.rating("race", "player/3")
    elo.down = True
    clock.pass_seconds(100.0)
    for _ in range(5):
        assert await seekers.rating("race", "player/3") == 1003.0
    assert elo.asked == 2
