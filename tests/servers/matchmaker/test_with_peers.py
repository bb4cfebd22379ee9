"""The Matchmaker with the real Game and Elo services: from a lease to a rating."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.client.game.game import GameClient
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import FailedPrecondition, MazemeshError, NotFound
from mazemesh.games import GameSettings, get_game
from mazemesh.v1.elo_pb2 import GetLeaderboardResponse
from mazemesh.v1.matchmaker_pb2 import LeasedMatch
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto
from services._harness import Server, serve
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers, RemoteElo, RemoteGame, RemoteModel
from services.matchmaker.settings import MatchmakerSettings
from tests.onnx_policies import Network
from tests.servers.model_server import RunningModel
from tests.unit.matchmaker.fakes import FakeElo, FakeGame, FakeModel, snapshot


class Mesh:
    """Clients of the three services."""

    def __init__(self, game: str, matchmaker: str, elo: str) -> None:
        self.game = GameClient(game)
        self.matchmaker = MatchmakerClient(matchmaker)
        self.elo = EloClient(elo)

    def close(self) -> None:
        for client in (self.game, self.matchmaker, self.elo):
            client.close()

    async def board_when(
        self, condition: Callable[[GetLeaderboardResponse], bool]
    ) -> GetLeaderboardResponse:
        """The first leaderboard that Elo's watch shows and that fulfils the condition."""

        def watch() -> GetLeaderboardResponse:
            return next(board for board in self.elo.watch_leaderboard("race") if condition(board))

        return await asyncio.wait_for(asyncio.to_thread(watch), 60)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    model = FakeModel()
    model.keep(snapshot(1))
    elo_settings = EloSettings(port=0, data_dir=tmp_path)
    async with serve(elo_settings, bind_elo) as elo:
        game_settings = GameServiceSettings(
            port=0, data_dir=tmp_path, elo_address=elo.address, outbox_max_backoff=0.5
        )
        async with serve(game_settings, bind_game) as game:

            async def bind(settings: MatchmakerSettings, server: Server) -> None:
                remotes = RemoteGame(game.address), RemoteElo(elo.address)
                for remote in remotes:
                    server.on_stop(remote.close)
                await bind_with(settings, server, Peers(*remotes, model))

            settings = MatchmakerSettings(
                port=0, data_dir=tmp_path, anchor_seconds=0.1, anchor_matches=4, lease_seconds=1.0
            )
            async with serve(settings, bind) as matchmaker:
                await model.listed.wait()
                clients = Mesh(game.address, matchmaker.address, elo.address)
                yield clients
                clients.close()


async def run_out(leased: list[LeasedMatch]) -> None:
    """Waits until the leases ran out, which nothing but the clock tells."""
    last = max(match.expire_time.ToNanoseconds() for match in leased) / 1e9
    await asyncio.sleep(max(0.0, last - time.time()))


def play(mesh: Mesh, leased: list[LeasedMatch]) -> None:
    """Plays the seats that are not bots' at random."""
    tokens = [
        token
        for match in leased
        for game in match.created.games
        for token in game.seat_tokens
        if token
    ]
    rng = np.random.default_rng(0)
    with mesh.game.join_session(tokens) as session:
        while not session.over:
            mask = session.step.action_mask
            session.send((rng.random(mask.shape) * mask).argmax(-1).astype(np.int8))
            session.receive()


@pytest.mark.slow
async def test_from_the_lease_to_the_rating(mesh: Mesh) -> None:
    board = await mesh.board_when(lambda board: board.matches >= 12)
    assert {player.player.split("/")[0] for player in board.players} == {"bot"}
    assert np.mean([player.rating for player in board.players]) == pytest.approx(1000)

    issue = await asyncio.to_thread(mesh.matchmaker.lease, "w", 6)
    assert all("race:1" in match.setup.participants for match in issue.matches)
    await asyncio.to_thread(play, mesh, list(issue.matches))
    for match in issue.matches:
        await asyncio.to_thread(mesh.matchmaker.complete, match.match_id, match.fence, "w")
    board = await mesh.board_when(lambda board: board.matches >= 18)
    (newcomer,) = [player for player in board.players if player.player == "race:1"]
    assert newcomer.matches == len(issue.matches) == 6
    assert newcomer.games == 12


@pytest.mark.slow
async def test_a_lost_worker_is_replaced_and_comes_too_late(mesh: Mesh) -> None:
    lost = list((await asyncio.to_thread(mesh.matchmaker.lease, "lost", 2)).matches)
    await run_out(lost)
    again = list((await asyncio.to_thread(mesh.matchmaker.lease, "w", 2)).matches)
    assert [match.match_id for match in again] == [match.match_id for match in lost]
    assert {match.fence for match in again} == {2}
    with pytest.raises(NotFound):
        await asyncio.to_thread(play, mesh, lost)
    await asyncio.to_thread(play, mesh, again)
    with pytest.raises(FailedPrecondition, match="issued again"):
        await asyncio.to_thread(mesh.matchmaker.complete, lost[0].match_id, 1, "lost")
    # The completion is lost; the match is not handed out again, for Game knows it is over.
    await run_out(again)
    third = await asyncio.to_thread(mesh.matchmaker.lease, "w", 2)
    assert not {match.match_id for match in third.matches} & {match.match_id for match in lost}


@pytest.mark.slow
async def test_two_people_play_what_they_found(mesh: Mesh) -> None:
    def search(player: str) -> tuple[float, ...]:
        *_, last = mesh.matchmaker.find(player, "race", rated=True)
        with mesh.game.play(last.matched.seat_token) as seat:
            assert seat.joined.seat == last.matched.seat
            while True:
                message = seat.receive(30.0)
                if not hasattr(message, "observation"):
                    return tuple(message.scores)
                mask = np.frombuffer(message.action_mask, np.uint8)
                seat.act(message.step, int(mask.nonzero()[0][-1]))

    async with asyncio.timeout(60):
        first, second = await asyncio.gather(
            *(asyncio.to_thread(search, player) for player in ("player/ann", "player/bob"))
        )
    assert first == second
    assert sum(first) == pytest.approx(1.0)
    board = await mesh.board_when(
        lambda board: {"player/ann", "player/bob"} <= {one.player for one in board.players}
    )
    assert board.matches >= 1


async def test_a_peer_that_is_away_is_an_error_and_no_crash(tmp_path: Path) -> None:
    settings = MatchmakerSettings(port=0, data_dir=tmp_path)
    model = FakeModel()
    model.keep(snapshot(1))
    nowhere = "127.0.0.1:1"

    async def bind(settings: MatchmakerSettings, server: Server) -> None:
        remotes = RemoteGame(nowhere), RemoteElo(nowhere)
        for remote in remotes:
            server.on_stop(remote.close)
        await bind_with(settings, server, Peers(*remotes, model))

    async with serve(settings, bind) as server:
        await model.listed.wait()
        client = MatchmakerClient(server.address)
        # Without Game nobody can play either, and what a game is like only Game can tell.
        for ask in (
            lambda: client.lease("w", 1),
            lambda: client.sample_opponents("race", "race", 3),
        ):
            with pytest.raises(MazemeshError, match="no answer from Game at 127"):
                await asyncio.to_thread(ask)
        assert not server.failed.is_set()
        client.close()


@pytest.fixture
def model(tmp_path: Path) -> Iterator[RunningModel]:
    running = RunningModel(tmp_path)
    yield running
    running.close()


async def test_published_snapshots_become_opponents(model: RunningModel, tmp_path: Path) -> None:
    remote = RemoteModel(model.address)

    async def bind(settings: MatchmakerSettings, server: Server) -> None:
        server.on_stop(remote.close)
        await bind_with(settings, server, Peers(FakeGame(), FakeElo(), remote))

    def publish(version: int) -> None:
        size = get_game("race").spec().observation_size
        network = Network(observation_size=size, seed=version)
        collection = Collection(game="race", settings=settings_to_proto(GameSettings(shaping=0.5)))
        header = network.header(snapshot=True, collection=collection)
        model.client.publish(header, network.file())

    def until_drawn(policy: str) -> None:
        deadline = time.monotonic() + 30
        while policy not in {one.policy for one in client.sample_opponents("race", "race", 200)}:
            assert time.monotonic() < deadline

    await asyncio.to_thread(publish, 1)
    async with serve(MatchmakerSettings(port=0, data_dir=tmp_path), bind) as server:
        client = MatchmakerClient(server.address)
        await asyncio.to_thread(until_drawn, "race:1")
        await asyncio.to_thread(publish, 2)
        await asyncio.to_thread(until_drawn, "race:2")
        client.close()
