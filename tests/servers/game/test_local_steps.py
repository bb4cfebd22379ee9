"""Training sessions that go on over the socket of a server on the same machine."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import numpy as np
import pytest
from structlog.testing import capture_logs

from mazemesh.client.channel import open_channel
from mazemesh.client.game.games_session import GamesSession
from mazemesh.client.game.own_thread_stream import Stream, open_stream
from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.v1 import game_pb2 as pb
from services.game.local import own_thread_server
from tests.servers.game_server import RunningGame, running_game
from tests.servers.game_sessions import GAMES, SMALL, engine_of, play_both
from tests.servers.running import eventually

METHOD = "/mazemesh.v1.GameService/RunGames"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game")) as game:
        yield game


class There:
    """A session that stays open over its first stream, as a client was told of it."""

    def __init__(self, channel: grpc.Channel, server: RunningGame) -> None:
        self.name = uuid4().hex
        self.stream = open_stream(channel, METHOD, server.address, opening(self.name))
        opened = pb.RunGamesResponse.FromString(self.stream.receive(30) or b"").opened
        self.address = opened.local_address
        self.token = opened.resume_token

    def resuming(self, sequence: int = 0) -> bytes:
        return opening(self.name, resume_sequence=sequence, resume_token=self.token)


@pytest.fixture
def there(server: RunningGame) -> Iterator[There]:
    with open_channel(server.address) as channel:
        there = There(channel, server)
        yield there
        there.stream.cancel()


def opening(session_id: str, **fields: Any) -> bytes:
    message = pb.OpenSession(session_id=session_id, game="race", num_games=GAMES, **fields)
    message.settings.width, message.settings.height, message.settings.view = 5, 4, 5
    return pb.RunGamesRequest(open=message).SerializeToString()


def test_a_session_moves_and_plays_the_same(server: RunningGame) -> None:
    engine = engine_of(SMALL, 3)
    with server.client.open_session("race", SMALL, GAMES, 3) as session:
        assert server.metric("local_streams") == 1
        assert play_both(session, engine, np.random.default_rng(1), 80)
    eventually(lambda: server.metric("local_streams") == server.metric("sessions") == 0)


def test_who_cannot_reach_the_address_stays(server: RunningGame) -> None:
    with open_channel(server.address) as channel, open_channel("unix-abstract:none") as nowhere:
        session = GamesSession(
            partial(open_stream, channel, METHOD, server.address),
            server.address,
            pb.RunGamesRequest.FromString(opening("stays", seed=3)),
            open_local=lambda address, first: open_stream(nowhere, METHOD, address, first),
        )
        assert server.metric("local_streams") == 0
        play_both(session, engine_of(SMALL, 3), np.random.default_rng(1), 5)
        session.close()


def test_a_session_goes_back_when_its_socket_breaks(server: RunningGame) -> None:
    channels: list[grpc.Channel] = []

    def open_local(address: str, first: bytes) -> Stream:
        channels.append(open_channel(address))
        return open_stream(channels[-1], METHOD, address, first)

    with open_channel(server.address) as channel:
        session = GamesSession(
            partial(open_stream, channel, METHOD, server.address),
            server.address,
            pb.RunGamesRequest.FromString(opening("breaks", seed=3)),
            open_local=open_local,
        )
        engine, rng = engine_of(SMALL, 3), np.random.default_rng(1)
        play_both(session, engine, rng, 5)
        assert server.metric("local_streams") == 1
        channels[0].close()
        play_both(session, engine, rng, 5)
        eventually(lambda: server.metric("local_streams") == 0)
        session.close()


def test_who_watches_sees_a_session_that_has_moved(server: RunningGame) -> None:
    engine, rng = engine_of(SMALL, 4), np.random.default_rng(1)
    with server.client.open_session("race", SMALL, GAMES, 4, session_id="seen") as session:
        frames = server.client.watch("seen/1")
        assert next(frames).passages
        ended = False
        while not ended:
            play_both(session, engine, rng, 1)
            ended = 1 in session.step.ended_games
        assert [frame.HasField("finished") for frame in frames].count(True) == 1
        play_both(session, engine, rng, 5)
        assert server.metric("local_streams") == 1


@pytest.mark.parametrize(
    ("messages", "error", "text"),
    [
        (lambda there: [opening("new")], InvalidArgument, "resume_sequence"),
        (lambda there: [opening("unknown", resume_sequence=0)], NotFound, "unknown"),
        (lambda there: [opening(there.name, resume_sequence=0)], NotFound, "resume_token"),
        (lambda there: [there.resuming(7)], FailedPrecondition, "resume_sequence is 7"),
        (lambda there: [b"\xff"], InvalidArgument, "no RunGamesRequest"),
        (lambda there: [there.resuming(), b"\xff"], InvalidArgument, "no RunGamesRequest"),
        (lambda there: [there.resuming(), b""], InvalidArgument, "should be step or close"),
        (lambda there: [there.resuming(), opening("x")], InvalidArgument, "the message is open"),
        (lambda there: [there.resuming(), bytes(1 << 23)], InvalidArgument, "8388608 bytes"),
    ],
)
def test_what_is_wrong_is_refused(
    there: There, messages: Callable[[There], list[bytes]], error: type[Exception], text: str
) -> None:
    first, *others = messages(there)
    with open_channel(there.address) as channel:
        stream = open_stream(channel, METHOD, there.address, first)
        for message in others:
            assert stream.receive(30)
            stream.send(message)
        with pytest.raises(error, match=text):
            stream.receive(30)
        stream.cancel()


def test_the_newer_stream_takes_the_session(server: RunningGame, there: There) -> None:
    step = pb.StepGames(sequence=1, actions=bytes(GAMES * 2))
    message = pb.RunGamesRequest(step=step).SerializeToString()
    with open_channel(there.address) as local, open_channel(server.address) as channel:
        old = open_stream(local, METHOD, there.address, there.resuming())
        assert old.receive(30)
        new = open_stream(channel, METHOD, server.address, there.resuming())
        assert new.receive(30)
        with pytest.raises(Conflict, match="taken over"):
            old.receive(30)
        new.send(message)
        assert pb.RunGamesResponse.FromString(new.receive(30) or b"").step.sequence == 1
        for stream in (old, new):
            stream.cancel()


def test_the_socket_is_in_a_folder_of_this_user_alone(tmp_path: Path) -> None:
    with running_game(tmp_path) as server, open_channel(server.address) as channel:
        there = There(channel, server)
        assert there.address.startswith("unix:/")
        folder = Path(there.address.removeprefix("unix:")).parent
        assert folder.stat().st_mode & 0o777 == 0o700
        there.stream.cancel()
        with server.client.open_session("race", SMALL, GAMES, 3) as session:
            assert server.metric("local_streams") == 1
            assert play_both(session, engine_of(SMALL, 3), np.random.default_rng(1), 80)
    assert not folder.exists()


def test_a_server_can_be_without(tmp_path: Path) -> None:
    with (
        running_game(tmp_path, local_streams=False) as server,
        server.client.open_session("race", SMALL, GAMES, 3) as session,
    ):
        play_both(session, engine_of(SMALL, 3), np.random.default_rng(1), 5)
        assert server.metric("local_streams") == 0


def test_another_build_of_grpc_leaves_sessions_at_the_server_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed() -> None:
        raise AttributeError("no CompletionQueue")

    monkeypatch.setattr(own_thread_server.cygrpc, "internals", changed)
    with capture_logs() as logs, running_game(tmp_path) as server:
        monkeypatch.undo()
        engine = engine_of(SMALL, 3)
        with server.client.open_session("race", SMALL, GAMES, 3) as session:
            assert server.metric("local_streams") == 0
            assert play_both(session, engine, np.random.default_rng(1), 20)
    told = [line for line in logs if line.get("reason") == "no CompletionQueue"]
    assert [line["log_level"] for line in told] == ["warning"]
