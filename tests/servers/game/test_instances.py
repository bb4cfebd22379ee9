"""Two Game processes on one PostgreSQL database, with a real Elo."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.client.game.game import GameClient, GamesSession
from mazemesh.errors import FailedPrecondition, NotFound, Reason, Unavailable
from mazemesh.games import Purpose, seeds
from mazemesh.v1 import game_pb2 as pb
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from tests.ports import free_port
from tests.postgresql import PostgresqlServer, postgresql
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.game_matches import play_out, tokens_of
from tests.servers.game_server import race, running_game
from tests.servers.processes import ServiceProcess, service_process
from tests.servers.running import RunningService, eventually

TRAINING_SEED = seeds.seed(Purpose.TRAINING, 3)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


@pytest.fixture
def elo_port() -> int:
    return free_port()


@asynccontextmanager
async def two(url: str, folder: Path, elo_port: int) -> AsyncIterator[list[ServiceProcess]]:
    arguments = ("--port", "0", "--data-dir", str(folder), "--database-url", url)
    more = ("--elo-address", f"127.0.0.1:{elo_port}", "--outbox-taken-seconds", "1")
    async with AsyncExitStack() as life:
        yield await asyncio.gather(
            *(
                life.enter_async_context(
                    service_process("services.game", *arguments, *more, "--no-local-streams")
                )
                for _ in range(2)
            )
        )


def both(processes: list[ServiceProcess]) -> GameClient:
    return GameClient(", ".join(process.address for process in processes))


class RunningElo:
    """An Elo service of its own at a port."""

    def __init__(self, folder: Path, port: int) -> None:
        settings = EloSettings(port=port, data_dir=folder / "elo")
        self._service = RunningService(settings, bind_elo)
        self.client = EloClient(self._service.address)

    def matches(self) -> dict[str, int]:
        """How many matches each player has."""
        board = self.client.leaderboard("race", page_size=100)
        return {player.player: player.matches for player in board.players}

    def close(self) -> None:
        self.client.close()
        self._service.close()


def create(client: GameClient, address: str, setup: pb.MatchSetup) -> GamesSession:
    """Creates a match at an instance and joins it there."""
    created = client.at(address).create([setup])
    return client.at(address).join_session(tokens_of(created))


async def test_a_match_that_two_instances_finish_counts_once_and_the_last_fence_has_it(
    server: PostgresqlServer, tmp_path: Path, elo_port: int
) -> None:
    async with two(server.new_schema(), tmp_path, elo_port) as processes:
        await asyncio.to_thread(_fences, tmp_path, elo_port, processes)


def _fences(folder: Path, elo_port: int, processes: list[ServiceProcess]) -> None:
    first, second = (process.address for process in processes)
    with closing(both(processes)) as client, closing(RunningElo(folder, elo_port)) as elo:
        # Under a higher fence the match is another instance's, whoever is done first.
        early = create(client, first, race("early", "a:1", "b:1", fence=1))
        late = create(client, second, race("early", "a:1", "b:1", fence=2))
        with pytest.raises(FailedPrecondition, match="lower than 2") as passed:
            client.at(first).create([race("early", "a:1", "b:1", fence=1)])
        assert passed.value.reason == Reason.FENCE_PASSED
        play_out(early, seed=1)
        counted = play_out(late, seed=2)
        # What is finished is so for all.
        with pytest.raises(FailedPrecondition, match="finished") as finished:
            client.at(first).create([race("early", "a:1", "b:1", fence=3)])
        assert finished.value.reason == Reason.MATCH_FINISHED
        # Without a fence the first one to finish counts.
        plain = [
            create(client, address, race("plain", "c:1", "d:1")) for address in (second, first)
        ]
        for seed, session in enumerate(plain):
            play_out(session, seed)
        eventually(lambda: len(elo.matches()) == 4)
        assert elo.matches() == {"a:1": 1, "b:1": 1, "c:1": 1, "d:1": 1}
        for game_id, (_, steps) in counted.items():
            for address in (first, second):
                assert len(client.at(address).replay(game_id).actions) == steps


async def test_what_a_killed_instance_has_not_delivered_another_one_does(
    server: PostgresqlServer, tmp_path: Path, elo_port: int
) -> None:
    async with two(server.new_schema(), tmp_path, elo_port) as processes:
        first = processes[0].address
        with closing(both(processes)) as client:

            def play() -> None:
                for number in range(3):
                    play_out(create(client, first, race(f"m{number}", "a:1", "b:1", fence=1)))

            await asyncio.to_thread(play)
            processes[0].send(signal.SIGKILL)
            await processes[0].ended()
            await asyncio.to_thread(_delivered, tmp_path, elo_port)


def _delivered(folder: Path, elo_port: int) -> None:
    with closing(RunningElo(folder, elo_port)) as elo:
        eventually(lambda: elo.matches() == {"a:1": 3, "b:1": 3}, seconds=30.0)


async def test_sessions_are_opened_at_each_in_turn_and_elsewhere_when_one_is_gone(
    server: PostgresqlServer, tmp_path: Path, elo_port: int
) -> None:
    async with two(server.new_schema(), tmp_path, elo_port) as processes:
        with closing(both(processes)) as client:
            sessions = await asyncio.to_thread(_sessions, client)
            processes[0].send(signal.SIGKILL)
            await processes[0].ended()
            await asyncio.to_thread(_elsewhere, client, sessions)


def _sessions(client: GameClient) -> list[GamesSession]:
    sessions = [client.open_session("race", None, 4, TRAINING_SEED) for _ in range(4)]
    for session in sessions:
        step(session)
    listed = {game.game_id: game for game in client.list_active(pb.ACTIVE_GAME_KIND_TRAINING)}
    assert set(listed) == {f"{session.session_id}/0" for session in sessions}
    for session in sessions:  # wherever it is
        frames = client.watch(f"{session.session_id}/0")
        assert next(frames).game_id == f"{session.session_id}/0"
        frames.close()  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match="nowhere"):
        next(client.watch("nowhere/0"))
    return sessions


def _elsewhere(client: GameClient, sessions: list[GamesSession]) -> None:
    lost = 0
    for session in sessions:
        try:
            step(session)
        except Unavailable:
            lost += 1
    assert lost == 2
    for _ in range(3):
        step(client.open_session("race", None, 4, TRAINING_SEED))
    assert client.spec("race").min_seats == 2
    created = client.create([race("after")])
    assert len({match.game_address for match in created}) == 1
    play_out(client.at(created[0].game_address).join_session(tokens_of(created)))


def step(session: GamesSession) -> None:
    session.send(np.zeros((session.num_games, session.seats), np.int8))
    session.receive()


def test_behind_a_balanced_address_a_session_goes_on_where_it_is(tmp_path: Path) -> None:
    port = free_port()
    own = f"127.0.0.1:{port}"
    with (
        running_game(tmp_path, port=port, public_address=own, local_streams=False) as server,
        CuttingProxy(server.address) as balanced,
        closing(GameClient(balanced.address)) as client,
    ):
        session = client.open_session("race", None, 4, TRAINING_SEED)
        step(session)
        created = client.create([race("m")])
        assert created[0].game_address == own
        assert {game.game_address for game in client.list_active()} == {own}
        balanced.cut()
        # The way by which both came leads elsewhere, or nowhere: they are reached where they are.
        step(session)
        assert session.step.sequence == 2
        play_out(client.at(created[0].game_address).join_session(tokens_of(created)))
        session.close()
