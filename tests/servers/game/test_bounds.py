"""What the largest legal message of each RPC of Game costs, and what is more is refused."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
import numpy as np
import pytest

from mazemesh.client.channel import open_channel
from mazemesh.client.game.game import GameClient
from mazemesh.client.game.own_thread_stream import open_stream
from mazemesh.errors import InvalidArgument, ResourceExhausted
from mazemesh.games import GameSettings, get_game
from mazemesh.v1 import game_pb2 as pb
from services._harness import Server, serve
from services.game.bind import bind_with
from services.game.play.room import footprint
from services.game.settings import GameServiceSettings
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.game_matches import tokens_of
from tests.servers.game_server import FakeElo, race
from tests.servers.running import eventually

T = TypeVar("T")
LARGEST = GameSettings(width=64, height=64, view=31, seats=8)
SMALLEST = pb.GameSettings(width=4, height=4, view=3, seats=8, step_limit=1)
METHODS = "/mazemesh.v1.GameService/"


class Here:
    """A Game service in the event loop of the test, and a client in threads."""

    def __init__(self, server: Server) -> None:
        self.registry = server.registry
        self.address = server.address
        self.client = GameClient(server.address)

    async def call(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.to_thread(call, *arguments)

    def metric(self, name: str) -> float:
        return self.registry.get_sample_value(f"mazemesh_game_{name}") or 0.0


@asynccontextmanager
async def game_here(data_dir: Path, **settings: Any) -> AsyncIterator[Here]:
    async def bind(settings: GameServiceSettings, server: Server) -> None:
        await bind_with(settings, server, FakeElo())

    async with serve(GameServiceSettings(port=0, data_dir=data_dir, **settings), bind) as server:
        here = Here(server)
        try:
            yield here
        finally:
            await asyncio.to_thread(here.client.close)


def most_matches() -> list[pb.MatchSetup]:
    """1024 matches of 8 games with 8 seats, all to be played by somebody who comes."""
    names = [f"{'n' * 64}:{10**17 + number}" for number in range(8)]
    return [
        race(f"{number:0128}", *names, settings=SMALLEST, rated=False) for number in range(1024)
    ]


async def test_creating_listing_and_joining_the_most_matches(tmp_path: Path) -> None:
    async with game_here(tmp_path) as game:
        setups = most_matches()
        with event_loop_lag() as lag:
            created = await game.call(game.client.create, setups)
            lag.check()
            lag.take()
            again = await game.call(game.client.create, setups)
            assert again == created
            lag.check()
            lag.take()
            listed = await game.call(lambda: sum(1 for _ in game.client.list_active()))
            assert listed == 8192
            lag.check()
            lag.take()
            session = await game.call(game.client.join_session, tokens_of(created))
            assert session.num_games == 8192
            lag.check()
            lag.take()
            # The step limit is 1: all games end, all matches are saved with their recordings.
            await game.call(session.send, np.zeros((8192, 8), np.int8))
            step = await game.call(session.receive, 120.0)
            assert step.status.all()
            lag.check()
            lag.take()
            replay = await game.call(game.client.replay, created[700].games[7].game_id)
            assert len(replay.actions) == 1
            listed = await game.call(lambda: sum(1 for _ in game.client.list_replays()))
            assert listed == 8192
            lag.check()
        await game.call(session.close)


@pytest.mark.parametrize(
    ("settings", "games"),
    [
        (LARGEST, 0),  # as many as fit
        (GameSettings(width=64, height=64, view=7, step_limit=1), 256),
        (GameSettings(width=10, height=10, step_limit=1), 2048),
        (GameSettings(width=10, height=10, step_limit=1), 16384),
    ],
)
async def test_the_largest_sessions(tmp_path: Path, settings: GameSettings, games: int) -> None:
    rules = get_game("race")
    if not games:
        games = footprint(rules, rules.resolve(settings), autoreset=True).fit(256 << 20)
    async with game_here(tmp_path, local_streams=False) as game:
        with event_loop_lag() as lag:
            session = await game.call(game.client.open_session, "race", settings, games, 0)
            lag.check()
            for _ in range(2):
                lag.take()
                actions = np.ones(session.controllers.shape, np.int8)
                await game.call(session.send, actions)
                await game.call(session.receive, 120.0)
                lag.check()
        assert game.metric("memory_bytes") <= 256 << 20
        await game.call(session.close)
        await game.call(eventually, lambda: game.metric("memory_bytes") == 0)


async def test_sessions_that_take_too_much_are_refused_before_they_are_made(tmp_path: Path) -> None:
    async with game_here(tmp_path, max_memory_mib=300) as game:
        opened = game.client.open_session
        need = footprint(get_game("race"), get_game("race").resolve(LARGEST), autoreset=True)
        most = need.fit(256 << 20)
        with pytest.raises(ResourceExhausted, match=rf"{most + 1} games take .* that {most} games"):
            await game.call(opened, "race", LARGEST, most + 1, 0)
        first = await game.call(opened, "race", LARGEST, need.fit(200 << 20), 0)
        with pytest.raises(ResourceExhausted, match="MiB is what is left"):
            await game.call(opened, "race", LARGEST, need.fit(200 << 20), 0)
        await game.call(first.close)
        await game.call(eventually, lambda: game.metric("memory_bytes") == 0)
        await game.call((await game.call(opened, "race", LARGEST, 1, 0)).close)


async def test_games_of_bots_share_a_thread_in_turn_and_can_be_given_up(tmp_path: Path) -> None:
    bots = ("bot/wall-follower", "bot/random")
    long = pb.GameSettings(width=64, height=64, view=3, step_limit=65_535)
    async with game_here(tmp_path, max_recordings=0) as game:
        too_much = [race(str(number), *bots, settings=long) for number in range(1024)]
        with pytest.raises(ResourceExhausted, match=r"1024 games of bots|2048 games of bots"):
            await game.call(game.client.create, too_much)
        assert game.metric("live_matches") == 0
        most = pb.CreateGamesRequest(matches=too_much[:64])
        with event_loop_lag() as lag, open_channel(game.address) as channel:
            calling: Any = channel.unary_unary(
                METHODS + "CreateGames",
                request_serializer=pb.CreateGamesRequest.SerializeToString,
            )
            waiting = calling.future(most, timeout=120)
            await game.call(eventually, lambda: game.metric("live_matches") == 64)
            # Others have their turn meanwhile.
            quick = race("quick", *bots, settings=pb.GameSettings(width=3, height=3))
            await game.call(game.client.create, [quick])
            assert not waiting.done()
            waiting.cancel()
            await game.call(eventually, lambda: game.metric("live_matches") == 0)
            await game.call(eventually, lambda: game.metric("memory_bytes") == 0)
            lag.check()


@pytest.mark.parametrize("method", ["CreateGames", "ListGames", "GetReplay"])
async def test_requests_that_are_too_long_are_not_read(tmp_path: Path, method: str) -> None:
    # Many small fields: `matches` without content.
    message = b"\n\x00" * (31 << 20)
    async with game_here(tmp_path) as game:
        with event_loop_lag() as lag, open_channel(game.address) as channel:
            call: Any = channel.unary_unary(METHODS + method)
            with pytest.raises(grpc.RpcError, match=r"65011712 bytes; at most") as refused:
                await game.call(lambda: call(message, timeout=60))
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
            stream = open_stream(channel, METHODS + "RunGames", game.address, message)
            with pytest.raises(InvalidArgument, match="65011712 bytes"):
                await game.call(stream.receive, 60.0)
            await game.call(stream.cancel)
            lag.check()


async def test_those_who_watch_are_limited_and_told_when_the_server_stops(tmp_path: Path) -> None:
    async with game_here(tmp_path, max_watchers=2) as game:
        session = await game.call(game.client.open_session, "race", None, 4, 0)
        name = f"{session.session_id}/1"
        watching = [game.client.watch(name) for _ in range(2)]
        for watch in watching:
            await game.call(next, watch)
        with pytest.raises(ResourceExhausted, match="2 watch games"):
            await game.call(next, game.client.watch(name))
        ended: list[BaseException] = []

        def rest(frames: Any) -> None:
            try:
                list(frames)
            except Exception as error:
                ended.append(error)

        threads = [threading.Thread(target=rest, args=(watch,)) for watch in watching]
        for thread in threads:
            thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join, 30)
    assert [type(error).__name__ for error in ended] == ["Unavailable"] * 2
    session.close()
