"""A Matchmaker with two instances of Game on one PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from mazemesh.client.game.game import GameClient
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.v1.matchmaker_pb2 import LeasedMatch
from services._harness import Server, serve
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers, RemoteGame
from services.matchmaker.settings import MatchmakerSettings
from tests.postgresql import PostgresqlServer, postgresql
from tests.servers.game_matches import play_out, tokens_of
from tests.servers.game_server import FakeElo as ResultsOfElo
from tests.servers.game_server import RunningGame
from tests.servers.running import eventually
from tests.unit.matchmaker.fakes import FakeElo, FakeModel, snapshot


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


@dataclass
class World:
    """Two instances of Game, what they told Elo, and a client of the Matchmaker."""

    games: list[RunningGame]
    elo: ResultsOfElo
    matchmaker: MatchmakerClient
    game: GameClient

    def lease(self) -> LeasedMatch:
        """One match; asks until there is one."""
        found: list[LeasedMatch] = []

        def lease() -> bool:
            found.extend(self.matchmaker.lease("worker", 1).matches)
            return bool(found)

        eventually(lease, 30.0)
        return found[0]

    def play(self, leased: LeasedMatch) -> None:
        tokens = tokens_of([leased.created])
        with self.game.at(leased.game_address).join_session(tokens) as session:
            play_out(session)
        self.matchmaker.complete(leased.match_id, leased.fence, "worker")


@pytest.fixture
async def world(server: PostgresqlServer, tmp_path: Path) -> AsyncIterator[World]:
    url, elo, model = server.new_schema(), ResultsOfElo(), FakeModel()
    model.keep(snapshot(1))
    async with AsyncExitStack() as life:
        games = []
        for name in ("one", "two"):
            game = await asyncio.to_thread(RunningGame, tmp_path / name, elo, database_url=url)
            life.push_async_callback(asyncio.to_thread, game.client.close)
            games.append(game)
        addresses = ",".join(game.address for game in games)

        async def bind(settings: MatchmakerSettings, server: Server) -> None:
            remote = RemoteGame(settings.game_address)
            server.on_stop(remote.close)
            await bind_with(settings, server, Peers(remote, FakeElo(), model))

        settings = MatchmakerSettings(
            port=0,
            data_dir=tmp_path,
            game_address=addresses,
            anchor_matches=0,
            lease_seconds=1.0,
            retry_seconds=0.05,
        )
        matchmaker = await life.enter_async_context(serve(settings, bind))
        await model.listed.wait()
        client = life.enter_context(closing(MatchmakerClient(matchmaker.address)))
        yield World(games, elo, client, life.enter_context(closing(GameClient(addresses))))
        for game in games[1:]:  # the test closes the first one
            await asyncio.to_thread(game.close)


async def test_matches_are_created_at_each_in_turn_and_those_of_a_lost_one_issued_again(
    world: World,
) -> None:
    first, second = (game.address for game in world.games)
    leased = [await asyncio.to_thread(world.lease) for _ in range(4)]
    assert {one.game_address for one in leased} == {first, second}
    assert all(one.created.game_address == one.game_address for one in leased)
    for one in leased[:2]:
        await asyncio.to_thread(world.play, one)
        await asyncio.to_thread(world.elo.wait_for, one.match_id)
    await asyncio.to_thread(world.games[0].close)
    lost = {one.match_id for one in leased[2:]}
    while lost:
        again = await asyncio.to_thread(world.lease)
        assert again.game_address == second
        if again.match_id in lost:
            assert again.fence > 1
            lost.remove(again.match_id)
        await asyncio.to_thread(world.play, again)
    for one in leased:
        await asyncio.to_thread(world.elo.wait_for, one.match_id)
