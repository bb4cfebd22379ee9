"""What a service remembers of games that Game told it of."""

import pytest

from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.games import GameSettings, get_game
from services._harness.peers import game_specs
from services._harness.peers.game_specs import AGAIN_SECONDS, GameSpecs, RemoteSpecs
from tests.game_specs import FakeSpecs


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_known_is_what_the_game_is() -> None:
    settings = GameSettings(width=6, height=5, seats=2)
    known = await GameSpecs(FakeSpecs()).get("race", settings)
    race = get_game("race")
    assert known.spec == race.spec(settings)
    assert known.settings == race.resolve(settings)
    assert (known.ladder, known.max_seats) == ("race-6x5", race.max_seats)
    assert known.bots == ("bot/random", "bot/wall-follower", "bot/shortest-path")


async def test_a_question_is_asked_once_a_minute() -> None:
    game, clock = FakeSpecs(), Clock()
    specs = GameSpecs(game, clock)
    for _ in range(3):
        await specs.get("race")
        await specs.get("race", GameSettings(width=6))
    assert len(game.asked) == 2
    clock.now = AGAIN_SECONDS
    await specs.get("race")
    assert len(game.asked) == 3


async def test_what_is_known_holds_while_game_is_away() -> None:
    game, clock = FakeSpecs(), Clock()
    specs = GameSpecs(game, clock)
    before = await specs.get("race")
    game.down, clock.now = True, 10 * AGAIN_SECONDS
    assert await specs.get("race") == before
    with pytest.raises(Unavailable, match="game: the Game service is to tell what 'solo' is like"):
        await specs.get("solo")


async def test_what_game_refuses_is_not_remembered() -> None:
    game = FakeSpecs()
    specs = GameSpecs(game)
    for name, settings in (("chess", None), ("race", GameSettings(seats=8, width=2, height=2))):
        for _ in range(2):
            with pytest.raises(InvalidArgument):
                await specs.get(name, settings)
    assert len(game.asked) == 4
    with pytest.raises(InvalidArgument, match="65 characters"):
        await specs.get("x" * 65)
    assert len(game.asked) == 4  # that is seen without asking


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game_specs, "_MAX_REMEMBERED", 2)
    game = FakeSpecs()
    specs = GameSpecs(game)
    for name in ("race", "solo", "race", "ctf", "race", "solo"):
        await specs.get(name)
    assert game.asked == ["race", "solo", "ctf", "solo"]


async def test_a_server_that_is_not_there_is_unavailable_in_time() -> None:
    remote = RemoteSpecs("127.0.0.1:1")
    try:
        with pytest.raises(Unavailable, match=r"no answer from Game at 127.0.0.1:1 within 0.1 s"):
            await remote.spec(game_specs.pb.GetGameSpecRequest(game="race"), 0.1)
    finally:
        await remote.close()
