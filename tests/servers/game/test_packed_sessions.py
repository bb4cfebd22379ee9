"""Sessions whose steps come as bits, over real sockets: the same games, in fewer bytes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.game.games_session import GamesSession
from mazemesh.errors import FailedPrecondition
from mazemesh.games import GameSettings
from mazemesh.packing.rows import unpack
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.servers.game_server import RunningGame, running_game

GAMES, STEPS = 4, 40
SETTINGS = GameSettings(width=6, height=5, step_limit=12)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game"), max_sessions=8) as game:
        yield game


def assert_shows_the_same(packed: GamesSession, plain: GamesSession) -> None:
    assert packed.packings is not None
    packing = packed.packings.by_name["observation"]
    one, other = packed.step, plain.step
    assert one.observation.shape[-1] == packing.row_bytes
    for name in ("observation", "final_observation"):
        assert np.array_equal(unpack(packing, getattr(one, name)), getattr(other, name)), name
    for name in ("action_mask", "final_action_mask", "reward", "status", "ended_games"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("game", ["race", "ctf"])
def test_a_packed_session_is_the_plain_one(server: RunningGame, game: str) -> None:
    rng = np.random.default_rng(0)
    client = server.client
    with (
        client.open_session(game, SETTINGS, GAMES, 3, packed=True) as packed,
        client.open_session(game, SETTINGS, GAMES, 3) as plain,
    ):
        assert plain.packings is None
        cut = 0
        for _ in range(STEPS):
            assert_shows_the_same(packed, plain)
            actions = rng.integers(0, 5, (GAMES, packed.seats), dtype=np.int8)
            for session in (packed, plain):
                session.send(actions)
                session.receive()
            cut += len(plain.step.final_observation)
        assert cut


def test_large_packed_batches_are_stepped_in_a_thread(tmp_path: Path) -> None:
    with running_game(tmp_path, inline_seats=1) as server:
        client = server.client
        with (
            client.open_session("race", SETTINGS, GAMES, 3, packed=True) as packed,
            client.open_session("race", SETTINGS, GAMES, 3) as plain,
        ):
            for _ in range(20):
                for session in (packed, plain):
                    session.send(np.full((GAMES, 2), 1, np.int8))
                    session.receive()
                assert_shows_the_same(packed, plain)


def test_joined_games_come_packed_to_who_asks_and_plain_to_the_next(server: RunningGame) -> None:
    setup = pb.MatchSetup(
        match_id="packed", game="race", seed=5, participants=["player/a", "player/b"], rotations=1
    )
    setup.settings.width, setup.settings.height = 6, 5
    created = GameServiceStub(server.client.channel).CreateGames(
        pb.CreateGamesRequest(matches=[setup]), timeout=30
    )
    tokens = list(created.matches[0].games[0].seat_tokens)
    packed = server.client.join_session(tokens, packed=True)
    assert packed.packings is not None
    packed.send(np.zeros((1, 2), np.int8))
    seen = unpack(packed.packings.by_name["observation"], packed.receive().observation)
    with server.client.join_session(tokens) as plain:
        assert plain.packings is None
        assert np.array_equal(plain.step.observation, seen)


def test_a_broken_stream_goes_on_packed(server: RunningGame) -> None:
    with server.client.open_session("race", SETTINGS, GAMES, 3, packed=True) as session:
        actions = np.zeros((GAMES, 2), np.int8)
        session.send(actions)
        before = session.receive().observation.copy()
        session._stream.cancel()
        session.send(actions)
        after = session.receive().observation
        assert session.step.sequence == 2
        assert after.shape == before.shape


def test_who_packs_otherwise_is_told(server: RunningGame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mazemesh.client.game.games_session.packings", lambda spec: None)
    with pytest.raises(FailedPrecondition, match=r"this client packs nothing\. Upgrade"):
        server.client.open_session("race", SETTINGS, GAMES, 3, packed=True)
