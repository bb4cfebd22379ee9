"""Training sessions that go on over the socket of a server on the same machine."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from mazemesh.client.channel import open_channel
from mazemesh.client.games_session import GamesSession
from mazemesh.client.own_thread_stream import Stream, open_stream
from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.v1 import game_pb2 as pb
from tests.servers.game_server import RunningGame, running_game
from tests.servers.game_sessions import GAMES, SMALL, engine_of, play_both
from tests.servers.running import eventually

METHOD = "/mazemesh.v1.GameService/RunGames"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are no abstract sockets")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game")) as game:
        yield game


@pytest.fixture
def address(server: RunningGame) -> Iterator[str]:
    """The local address, as a session "there" was told, which stays open over its first stream."""
    with open_channel(server.address) as channel:
        stream = open_stream(channel, METHOD, server.address, opening("there"))
        yield pb.RunGamesResponse.FromString(stream.receive(30) or b"").opened.local_address
        stream.cancel()


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
        ([opening("new")], InvalidArgument, "resume_sequence"),
        ([opening("unknown", resume_sequence=0)], NotFound, "unknown"),
        ([opening("there", resume_sequence=7)], FailedPrecondition, "resume_sequence is 7"),
        ([b"\xff"], InvalidArgument, "no RunGamesRequest"),
        ([opening("there", resume_sequence=0), b"\xff"], InvalidArgument, "no RunGamesRequest"),
        ([opening("there", resume_sequence=0), b""], InvalidArgument, "should be step or close"),
        (
            [opening("there", resume_sequence=0), opening("there")],
            InvalidArgument,
            "the message is open",
        ),
    ],
)
def test_what_is_wrong_is_refused(
    address: str, messages: list[bytes], error: type[Exception], text: str
) -> None:
    with open_channel(address) as channel:
        stream = open_stream(channel, METHOD, address, messages[0])
        for message in messages[1:]:
            assert stream.receive(30)
            stream.send(message)
        with pytest.raises(error, match=text):
            stream.receive(30)
        stream.cancel()


def test_the_newer_stream_takes_the_session(server: RunningGame, address: str) -> None:
    first = opening("there", resume_sequence=0)
    step = pb.StepGames(sequence=1, actions=bytes(GAMES * 2))
    message = pb.RunGamesRequest(step=step).SerializeToString()
    with open_channel(address) as local, open_channel(server.address) as channel:
        old = open_stream(local, METHOD, address, first)
        assert old.receive(30)
        new = open_stream(channel, METHOD, server.address, first)
        assert new.receive(30)
        with pytest.raises(Conflict, match="taken over"):
            old.receive(30)
        new.send(message)
        assert pb.RunGamesResponse.FromString(new.receive(30) or b"").step.sequence == 1
        for stream in (old, new):
            stream.cancel()


def test_a_server_can_be_without(tmp_path: Path) -> None:
    with (
        running_game(tmp_path, local_streams=False) as server,
        server.client.open_session("race", SMALL, GAMES, 3) as session,
    ):
        play_both(session, engine_of(SMALL, 3), np.random.default_rng(1), 5)
        assert server.metric("local_streams") == 0
