"""FindMatch over a real socket."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import (
    AlreadyExists,
    DeadlineExceeded,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.games import GameSettings
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from tests.servers.matchmaker_world import World, world_with_one_snapshot


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_one_snapshot(tmp_path)


class Search(threading.Thread):
    """A player's FindMatch in a thread of its own."""

    def __init__(
        self, client: MatchmakerClient, player: str, game: str = "race", **arguments: object
    ) -> None:
        super().__init__(daemon=True)
        self.updates: Iterator[pb.FindMatchResponse] = client.find(
            player,
            game,
            **arguments,  # type: ignore[arg-type]
        )
        self.queued = threading.Event()
        self.seen: list[pb.FindMatchResponse] = []
        self.error: MazemeshError | None = None
        self.start()

    def run(self) -> None:
        try:
            for update in self.updates:
                self.seen.append(update)
                self.queued.set()
        except MazemeshError as error:
            self.error = error
            self.queued.set()

    async def end(self) -> None:
        await asyncio.to_thread(self.join, 60)
        assert not self.is_alive()

    async def wait_queued(self) -> None:
        assert await asyncio.to_thread(self.queued.wait, 60)


async def test_two_players_find_each_other(world: World) -> None:
    world.settings = {"public_game_address": "play.example:443"}
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", settings=GameSettings(width=6, height=6), rated=True)
        bob = Search(client, "race:7", settings=GameSettings(width=6, height=6), rated=True)
        await ann.end()
        await bob.end()
    assert ann.seen[0].queued.rating == 1000.0
    assert ann.seen[0].queued.window == 100.0
    first, second = ann.seen[-1].matched, bob.seen[-1].matched
    assert first.match_id == second.match_id
    assert {first.seat, second.seat} == {0, 1}
    assert first.seat_token != second.seat_token
    assert first.participants[first.seat] == "player/ann"
    assert first.game_address == "play.example:443"
    setup = world.game.matches[first.match_id]
    assert (setup.rated, setup.settings.width, setup.rotations) == (True, 6, 1)


async def test_a_bot_after_a_while(world: World) -> None:
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", bot_after=0.0)
        await ann.end()
    matched = ann.seen[-1].matched
    assert "player/ann" in matched.participants
    assert any(name.startswith("bot/") for name in matched.participants)


async def test_cancelling_ends_the_stream(world: World) -> None:
    async with world.serve() as (server, client):
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = MatchmakerServiceStub(channel)
            request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
            call = stub.FindMatch(request)
            queued = await call.read()
            await asyncio.to_thread(client.cancel, queued.ticket_id)  # type: ignore[union-attr]
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
        assert caught.value.code() is grpc.StatusCode.CANCELLED
        with pytest.raises(NotFound):
            await asyncio.to_thread(client.cancel, "nothing")


async def test_nobody_comes(world: World) -> None:
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", max_wait=0.3)
        await ann.end()
    assert isinstance(ann.error, DeadlineExceeded)
    assert "no opponent within 0.3 s" in str(ann.error)


async def test_a_second_ticket_is_refused_and_a_repeated_request_follows(world: World) -> None:
    async with world.serve() as (_, client):
        first = Search(client, "player/ann", request_id="r1")
        await first.wait_queued()
        refused = Search(client, "player/ann", request_id="r2")
        await refused.end()
        assert isinstance(refused.error, AlreadyExists)
        again = Search(client, "player/ann", request_id="r1")
        await again.wait_queued()
        bob = Search(client, "player/bob")
        for search in (first, again, bob):
            await search.end()
    assert first.seen[0].ticket_id == again.seen[0].ticket_id
    assert first.seen[-1].matched == again.seen[-1].matched


async def test_a_player_who_left_is_not_matched(world: World) -> None:
    world.settings = {"disconnect_grace_seconds": 0.2}
    async with world.serve() as (server, client):
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = MatchmakerServiceStub(channel)
            request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
            call = stub.FindMatch(request)
            await call.read()
            call.cancel()
        await server._in_flight.wait_idle()
        bob = Search(client, "player/bob", max_wait=1.0)
        await bob.end()
        again = Search(client, "player/ann", request_id="r")
        await again.end()
    assert isinstance(bob.error, DeadlineExceeded)
    assert "stream was gone" in str(again.error)
    assert world.game.matches == {}


async def test_a_heartbeat_on_a_silent_stream(world: World) -> None:
    world.settings = {"heartbeat_seconds": 0.1}
    async with (
        world.serve() as (server, _),
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
        call = MatchmakerServiceStub(channel).FindMatch(request)
        for _ in range(4):
            update = await asyncio.wait_for(call.read(), 5)
            assert update.WhichOneof("update") == "queued"  # type: ignore[union-attr]
        call.cancel()


async def test_stopping_ends_waiting_streams_at_once(world: World) -> None:
    world.settings = {"drain_seconds": 30.0}
    async with asyncio.timeout(10):
        async with world.serve() as (_, client):
            ann = Search(client, "player/ann")
            await ann.wait_queued()
    await ann.end()
    assert isinstance(ann.error, Unavailable)


@pytest.mark.parametrize(
    ("player", "arguments", "message"),
    [
        ("bot/random", {}, "player = 'bot/random'"),
        ("nobody", {}, "player = 'nobody'"),
        ("player/ann", {"max_wait": 4000.0}, "max_wait: 4000 s"),
        ("player/ann", {"bot_after": -1.0}, "bot_after: -1 s"),
        ("player/ann", {"settings": GameSettings(seats=2), "game": "solo"}, "seats"),
    ],
)
async def test_a_bad_search_is_named(
    world: World, player: str, arguments: dict[str, object], message: str
) -> None:
    async with world.serve() as (_, client):
        find = {"game": "race", **arguments}
        with pytest.raises(InvalidArgument, match=message):
            await asyncio.to_thread(lambda: list(client.find(player, **find)))  # type: ignore[arg-type]
