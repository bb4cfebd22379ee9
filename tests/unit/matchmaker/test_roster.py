import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from mazemesh.games import GameSettings, get_game
from mazemesh.games.game import Game
from mazemesh.v1 import model_pb2
from services.matchmaker import known_games
from services.matchmaker import roster as roster_module
from services.matchmaker.roster import Roster, follow
from tests.unit.matchmaker.fakes import FakeModel, metrics, snapshot


@pytest.fixture
def roster() -> Roster:
    return Roster(("race",), metrics())


@pytest.fixture
async def model(roster: Roster) -> AsyncIterator[FakeModel]:
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


async def test_what_exists_is_known_and_news_arrive(model: FakeModel, roster: Roster) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.publish(snapshot(2))
    model.publish(snapshot(3, kept=False))
    model.publish(snapshot(4))
    await until(lambda: roster.versions("race", "race") == [1, 2, 4])


async def test_a_retired_snapshot_leaves(model: FakeModel, roster: Roster) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    gone = snapshot(1)
    gone.state = model_pb2.POLICY_STATE_RETIRED
    model.publish(gone)
    await until(lambda: roster.versions("race", "race") == [])


async def test_a_broken_watch_is_taken_up_again(model: FakeModel, roster: Roster) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.keep(snapshot(2))  # while nobody watches
    model.fail()
    await until(lambda: roster.versions("race", "race") == [1, 2])


async def test_a_heartbeat_makes_up_for_what_the_watch_missed(
    model: FakeModel, roster: Roster
) -> None:
    await until(lambda: roster.versions("race", "race") == [1])
    model.keep(snapshot(2))
    model.heartbeat()
    await until(lambda: roster.versions("race", "race") == [1, 2])


def test_ladders_follow_the_snapshots(roster: Roster) -> None:
    assert [one.name for one in roster.ladders()] == ["race"]
    roster.replace([snapshot(1, settings=GameSettings(width=6, height=6))])
    assert [one.name for one in roster.ladders()] == ["race", "race-6x6"]
    roster.apply(snapshot(2))
    by_name = {one.name: one for one in roster.ladders()}
    assert [one.policy for one in by_name["race"].snapshots] == ["race:2"]


def test_snapshots_that_cannot_be_rated_are_left_out(roster: Roster) -> None:
    bad = snapshot(1)
    bad.collection.settings.width = 1000
    nameless = snapshot(2)
    nameless.ClearField("collection")
    roster.replace([bad, nameless])
    roster.apply(snapshot(3, game="chess"))
    assert [len(one.snapshots) for one in roster.ladders()] == [0]


async def test_a_foreign_game_is_asked_for_outside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes a process half a second or so; the loop goes on meanwhile."""
    loop, asked, answer = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(game: str) -> Game:
        loop.call_soon_threadsafe(asked.set)
        assert answer.wait(20)
        return get_game("race")

    monkeypatch.setattr(known_games, "get_game", slow)
    asking = asyncio.create_task(known_games.know("gymnasium:CartPole-v1"))
    await asyncio.wait_for(asked.wait(), 20)  # the loop runs while the answer is waited for
    assert not asking.done()
    answer.set()
    await asking


async def test_a_game_that_is_not_installed_is_not_known() -> None:
    assert await known_games.is_known("race")
    assert not await known_games.is_known("chess")
    assert not await known_games.is_known("gymnasium:NoSuchGame-v0")


async def test_snapshots_of_a_game_that_is_not_known_are_left_out(
    monkeypatch: pytest.MonkeyPatch, model: FakeModel, roster: Roster
) -> None:
    async def is_known(game: str) -> bool:
        return game == "race"

    monkeypatch.setattr(roster_module, "is_known", is_known)
    await until(lambda: roster.versions("race", "race") == [1])
    model.publish(snapshot(1, name="lost", game="gymnasium:NoSuchGame-v0"))
    model.publish(snapshot(2))
    await until(lambda: roster.versions("race", "race") == [1, 2])
    assert roster.versions("lost", "gymnasium:NoSuchGame-v0") == []
