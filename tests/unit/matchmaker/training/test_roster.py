import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from mazemesh.errors import Unavailable
from mazemesh.games import GameSettings
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.training.snapshots import SnapshotRoster, follow
from tests.game_specs import FakeSpecs
from tests.unit.matchmaker.fakes import FakeModel, snapshot


@pytest.fixture
def game() -> FakeSpecs:
    return FakeSpecs()


@pytest.fixture
def roster(game: FakeSpecs) -> SnapshotRoster:
    return SnapshotRoster(("race",), GameSpecs(game))


@pytest.fixture
async def model(roster: SnapshotRoster) -> AsyncIterator[FakeModel]:
    model = FakeModel()
    model.keep(snapshot(1))
    task = asyncio.create_task(follow(model, roster, 0.0))
    yield model
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop turn until the condition holds; nothing here waits for real time."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")


async def test_what_exists_is_known_and_news_arrive(
    model: FakeModel, roster: SnapshotRoster
) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.publish(snapshot(2))
    model.publish(snapshot(3, kept=False))
    model.publish(snapshot(4))
    await until(lambda: roster.versions("race", "race") == [1, 2, 4])


async def test_a_retired_snapshot_leaves(model: FakeModel, roster: SnapshotRoster) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.publish(snapshot(1, kept=False))
    await until(lambda: roster.versions("race", "race") == [])


async def test_a_broken_watch_is_taken_up_again(model: FakeModel, roster: SnapshotRoster) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.keep(snapshot(2))  # while nobody watches
    model.fail()
    await until(lambda: roster.versions("race", "race") == [1, 2])


async def test_a_heartbeat_makes_up_for_what_the_watch_missed(
    model: FakeModel, roster: SnapshotRoster
) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.keep(snapshot(2))
    model.heartbeat()
    await until(lambda: roster.versions("race", "race") == [1, 2])


async def test_ladders_follow_the_snapshots(roster: SnapshotRoster) -> None:
    assert [one.name for one in await roster.ladders()] == ["race"]
    await roster.replace([snapshot(1, settings=GameSettings(width=6, height=6))])
    assert [one.name for one in await roster.ladders()] == ["race", "race-6x6"]
    await roster.apply(snapshot(2))
    by_name = {one.name: one for one in await roster.ladders()}
    assert [one.policy for one in by_name["race"].snapshots] == ["race:2"]


async def test_snapshots_that_cannot_be_rated_are_left_out(roster: SnapshotRoster) -> None:
    await roster.replace([snapshot(1, kept=False)])
    await roster.apply(snapshot(3, game="chess"))
    assert [len(one.snapshots) for one in await roster.ladders()] == [0]


async def test_a_game_that_game_refuses_is_left_out_and_the_rest_is_not(
    model: FakeModel, roster: SnapshotRoster
) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.publish(snapshot(1, name="lost", game="gymnasium:NoSuchGame-v0"))
    model.publish(snapshot(2))
    await until(lambda: roster.versions("race", "race") == [1, 2])
    assert roster.versions("lost", "gymnasium:NoSuchGame-v0") == []


async def test_while_game_is_away_nothing_is_forgotten(
    model: FakeModel, roster: SnapshotRoster, game: FakeSpecs
) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    game.down = True
    small = GameSettings(width=6, height=6)
    model.publish(snapshot(1, name="small", settings=small))  # of which nothing is known yet
    asked = len(game.asked)
    await until(lambda: len(game.asked) > asked + 2)  # it is tried again and again
    assert roster.versions("race", "race") == [1]
    game.down = False
    await until(lambda: roster.versions("small", "race") == [1])


async def test_a_default_game_is_asked_for_until_game_answers(
    roster: SnapshotRoster, game: FakeSpecs
) -> None:
    game.down = True
    with pytest.raises(Unavailable, match="'race'"):
        await roster.ladders()
    game.down = False
    assert [one.name for one in await roster.ladders()] == ["race"]


async def test_an_unknown_default_game_has_no_ladder_and_spoils_none() -> None:
    roster = SnapshotRoster(("chess", "race"), GameSpecs(FakeSpecs()))
    assert [one.name for one in await roster.ladders()] == ["race"]
