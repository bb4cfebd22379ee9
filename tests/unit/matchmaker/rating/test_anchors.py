from collections import Counter

import pytest

from mazemesh.errors import Unavailable
from mazemesh.games import GameSettings
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.anchors import Anchors
from services.matchmaker.store import ANCHORS
from services.matchmaker.training.snapshots import SnapshotRoster
from tests.unit.matchmaker.fakes import BOT_POLICIES, FakeClock, FakeGame, roster_of, snapshot
from tests.unit.matchmaker.memory_stores import MemoryAnchors, MemoryLeaders, MemoryNumbers


class World:
    """Bots on one ladder; `start` is a (re)start."""

    def __init__(self, roster: SnapshotRoster) -> None:
        self.roster = roster
        self.game = FakeGame()
        self.store = MemoryAnchors()
        self.numbers = MemoryNumbers()
        self.clock = FakeClock()
        self.leaders = MemoryLeaders(self.clock)
        self.started = 0

    async def start(self, matches: int = 20) -> Anchors:
        numbers = Numbers(self.numbers)
        self.started += 1
        return Anchors(
            self.store,
            self.roster,
            numbers,
            self.game,
            leaders=self.leaders,
            instance=f"instance-{self.started}",
            matches=matches,
        )

    def met(self) -> Counter[tuple[str, tuple[str, ...]]]:
        setups = self.game.matches.values()
        return Counter((one.game, tuple(sorted(one.participants))) for one in setups)


@pytest.fixture
def world() -> World:
    return World(roster_of("race"))


async def test_every_pair_meets_so_often_and_no_more(world: World) -> None:
    anchors = await world.start()
    await anchors.play()
    await anchors.play()
    assert list(world.met().values()) == [20, 20, 20]
    setups = world.game.matches.values()
    assert all(one.rated and one.rotations == 0 for one in setups)
    assert len({one.seed for one in setups}) == 60


async def test_a_restart_plays_only_what_is_missing(world: World) -> None:
    await (await world.start(5)).play()
    await (await world.start(8)).play()
    assert list(world.met().values()) == [8, 8, 8]


async def test_with_game_down_nothing_is_counted(world: World) -> None:
    anchors = await world.start()
    world.game.down = True
    with pytest.raises(Unavailable):
        await anchors.play()
    world.game.down = False
    await anchors.play()
    assert list(world.met().values()) == [20, 20, 20]


async def test_a_new_ladder_is_anchored_too(world: World) -> None:
    anchors = await world.start(2)
    await anchors.play()
    await world.roster.apply(snapshot(1, game="solo", settings=GameSettings(width=5, height=5)))
    await anchors.play()
    assert [count for (game, _), count in world.met().items() if game == "solo"] == [2, 2, 2]


async def test_larger_tables_take_all_bots_and_too_large_ones_none(world: World) -> None:
    world.roster = roster_of()
    await world.roster.apply(snapshot(1, settings=GameSettings(seats=3)))
    await world.roster.apply(snapshot(2, settings=GameSettings(seats=4)))
    await (await world.start(2)).play()
    assert world.met() == {("race", tuple(sorted(BOT_POLICIES))): 2}


async def test_of_two_instances_one_plays_and_the_other_takes_over_when_it_dies(
    world: World,
) -> None:
    first, second = await world.start(5), await world.start(5)
    await world.leaders.hold(ANCHORS, "instance-1", 15.0)  # and dies in its turn
    await second.play()
    assert not world.met()
    world.clock.pass_seconds(15.0)
    await second.play()
    await first.play()
    assert list(world.met().values()) == [5, 5, 5]
