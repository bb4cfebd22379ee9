"""Streams of training sessions that break, repeat, compete or say what is wrong."""

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from mazemesh.client.channel import open_channel, translate
from mazemesh.client.game.game import GameClient
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.game_server import RunningGame, running_game
from tests.servers.game_sessions import GAMES, SMALL, engine_of, play_both
from tests.servers.running import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game"), max_sessions=64) as game:
        yield game


def test_the_first_message_must_open_or_join(server: RunningGame) -> None:
    with open_channel(server.address) as channel:
        for first in (pb.RunGamesRequest(), pb.RunGamesRequest(step=pb.StepGames(sequence=1))):
            answers = GameServiceStub(channel).RunGames(iter([first]))
            with pytest.raises(grpc.RpcError) as refused:
                next(answers)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_wrong_action_is_refused_and_plays_nothing(server: RunningGame) -> None:
    engine = engine_of(SMALL, 5)
    session = server.client.open_session("race", SMALL, GAMES, 5, session_id="wrong")
    actions = np.zeros((GAMES, 2), np.int8)
    actions[7, 1] = 5
    session.send(actions)
    with pytest.raises(InvalidArgument, match=r"actions\[7, 1\]: 5 is outside 0..4"):
        session.receive()
    with raw_stream(server, "wrong", 0, session.resume_token) as stream:
        assert stream.opened.step.sequence == 0
        stream.send(1, np.ones((GAMES, 2), np.int8).tobytes())
        engine.step(np.ones((GAMES, 2), np.int8))
        assert stream.receive().observation == engine.observation.tobytes()


class RawStream:
    """A RunGames stream without the client's care."""

    def __init__(
        self, server: RunningGame, session_id: str, resume: int | None, token: str = ""
    ) -> None:
        self._channel = open_channel(server.address)
        self._next = threading.Event()
        self._requests: list[pb.RunGamesRequest | None] = []
        message = pb.OpenSession(session_id=session_id, game="race", num_games=GAMES)
        message.resume_token = token
        message.settings.width, message.settings.height, message.settings.view = 5, 4, 5
        if resume is not None:
            message.resume_sequence = resume
        self._put(pb.RunGamesRequest(open=message))
        self._answers = GameServiceStub(self._channel).RunGames(self._iterate(), timeout=30)
        self.opened: pb.SessionOpened = next(self._answers).opened

    def _iterate(self) -> Iterator[pb.RunGamesRequest]:
        while True:
            self._next.wait()
            self._next.clear()
            while self._requests:
                request = self._requests.pop(0)
                if request is None:
                    return
                yield request

    def _put(self, request: pb.RunGamesRequest | None) -> None:
        self._requests.append(request)
        self._next.set()

    def send(self, sequence: int, actions: bytes, **fields: bytes) -> None:
        step = pb.StepGames(sequence=sequence, actions=actions, **fields)
        self._put(pb.RunGamesRequest(step=step))

    def receive(self) -> pb.GamesStep:
        try:
            return next(self._answers).step
        except grpc.RpcError as error:
            raise from_rpc(error) from error

    def cut(self) -> None:
        """Breaks the stream without closing the session."""
        self._answers.cancel()

    def __enter__(self) -> "RawStream":
        return self

    def __exit__(self, *error: object) -> None:
        self._put(pb.RunGamesRequest(close=pb.CloseSession()))
        self._put(None)
        for _ in self._answers_left():
            pass
        self._channel.close()

    def _answers_left(self) -> Iterator[object]:
        try:
            yield from self._answers
        except grpc.RpcError:
            return


def from_rpc(error: grpc.RpcError) -> MazemeshError:
    return translate(error, "")


def raw_stream(
    server: RunningGame, session_id: str, resume: int | None = None, token: str = ""
) -> RawStream:
    return RawStream(server, session_id, resume, token)


STAY = bytes(GAMES * 2)


def test_the_last_step_again_is_answered_again_and_played_once(server: RunningGame) -> None:
    engine = engine_of(SMALL, 0)
    with raw_stream(server, "twice") as stream:
        for sequence in (1, 2):
            stream.send(sequence, b"\x01" * GAMES * 2)
            engine.step(np.ones((GAMES, 2), np.int8))
            first = stream.receive()
            stream.send(sequence, b"\x01" * GAMES * 2)
            assert stream.receive() == first
            assert first.observation == engine.observation.tobytes()


@pytest.mark.parametrize("sequence", [0, 1, 4, 100])
def test_another_sequence_is_refused(server: RunningGame, sequence: int) -> None:
    with raw_stream(server, f"gap {sequence}") as stream:
        for number in (1, 2):
            stream.send(number, STAY)
            stream.receive()
        stream.send(sequence, STAY)
        with pytest.raises(FailedPrecondition, match=f"{sequence}.*played 2.*3 is next"):
            stream.receive()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"actions": STAY[1:]}, "actions has 31 bytes"),
        ({"actions": STAY, "reseat_games": b"\x63\0\0\0", "reseat_controllers": b"\0\0"}, "99"),
        ({"actions": STAY, "reseat_games": b"\1\0\0\0", "reseat_controllers": b"\7\0"}, "7"),
        ({"actions": STAY, "reseat_games": b"\1\0\0\0"}, "reseat_controllers has 0 bytes"),
        ({"actions": STAY, "reseat_games": b"\1\0\0"}, "reseat_games has 3 bytes"),
    ],
)
def test_a_malformed_step_is_refused(
    server: RunningGame, fields: dict[str, bytes], message: str
) -> None:
    with raw_stream(server, f"malformed {message}") as stream:
        stream.send(1, **fields)
        with pytest.raises(InvalidArgument, match=message):
            stream.receive()


def test_resuming_shows_the_last_response(server: RunningGame) -> None:
    with raw_stream(server, "resume") as stream:
        stream.send(1, STAY)
        last = stream.receive()
        stream.cut()
        token = stream.opened.resume_token
        for known in (1, 0):
            with raw_stream(server, "resume", known, token) as again:
                assert again.opened.step == last
                assert again.opened.resume_token == token
                again.cut()
        for unknown in (2, 99):
            with pytest.raises(grpc.RpcError) as refused:
                raw_stream(server, "resume", unknown, token)
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_the_newer_stream_takes_the_session(server: RunningGame) -> None:
    with raw_stream(server, "taken") as old:
        old.send(1, STAY)
        old.receive()
        with raw_stream(server, "taken", 1, old.opened.resume_token) as new:
            with pytest.raises(Conflict, match="taken over"):
                old.receive()
            new.send(2, STAY)
            assert new.receive().sequence == 2


def test_opening_anew_drops_the_old_session(server: RunningGame) -> None:
    with raw_stream(server, "anew") as old:
        old.send(1, STAY)
        old.receive()
        with raw_stream(server, "anew", token=old.opened.resume_token) as new:
            assert new.opened.step.sequence == 0
            assert new.opened.resume_token != old.opened.resume_token
            with pytest.raises(Conflict, match="made anew"):
                old.receive()


@pytest.mark.parametrize("token", ["", "guessed", "ä"])
def test_a_listed_session_cannot_be_taken_over(server: RunningGame, token: str) -> None:
    with raw_stream(server, f"listed{token}") as owner:
        owner.send(1, STAY)
        owner.receive()
        row = next(server.client.list_active(pb.ACTIVE_GAME_KIND_TRAINING))
        assert owner.opened.resume_token not in str(row)
        session_id = row.game_id.rpartition("/")[0]
        for resume, code in ((1, "NOT_FOUND"), (None, "ALREADY_EXISTS")):
            with pytest.raises(grpc.RpcError) as refused:
                raw_stream(server, session_id, resume, token)
            assert refused.value.code() is grpc.StatusCode[code]
        owner.send(2, STAY)
        assert owner.receive().sequence == 2


def test_a_closed_session_is_gone(server: RunningGame) -> None:
    with server.client.open_session("race", SMALL, GAMES, 0, session_id="closed"):
        pass
    with pytest.raises(grpc.RpcError) as refused:
        raw_stream(server, "closed", resume=0)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_lost_session_is_dropped_after_the_grace(tmp_path: Path) -> None:
    with running_game(tmp_path, session_grace=0.2) as server:
        with raw_stream(server, "lost") as stream:
            stream.cut()
            eventually(lambda: server.metric("sessions") == 0)
        with pytest.raises(grpc.RpcError) as refused:
            raw_stream(server, "lost", resume=0)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_cut_connection_loses_and_repeats_no_step(tmp_path: Path) -> None:
    engine = engine_of(SMALL, 6)
    budgets = [30_000, 3_000, 50_000, 14_000, 25_001, 60_002]
    with (
        running_game(tmp_path, local_streams=False) as server,
        CuttingProxy(server.address, budgets) as proxy,
    ):
        client = GameClient(proxy.address)
        with client.open_session("race", SMALL, GAMES, 6) as session:
            play_both(session, engine, np.random.default_rng(2), 150)
            assert session.step.sequence == 150
        client.close()
        assert proxy.cuts >= len(budgets) - 2  # the client may give up a connection by itself


def test_a_restarted_server_does_not_know_the_session(tmp_path: Path) -> None:
    nothing = np.zeros((GAMES, 2), np.int8)
    with running_game(tmp_path) as server:
        client = GameClient(server.address)
        session = client.open_session("race", SMALL, GAMES, 0)
        session.send(nothing)
        session.receive()
    session.send(nothing)
    with pytest.raises(Unavailable):
        session.receive(timeout=0.5)
    with running_game(tmp_path, port=server.port), pytest.raises(NotFound, match="with the server"):
        session.receive()
    session.close()
    client.close()


class Silent:
    """A stream to a server that is gone: cut at first, and no answer when it is opened again."""

    def __init__(self, error: MazemeshError) -> None:
        self._error = error

    def send(self, request: bytes) -> None:
        """Goes nowhere."""

    def receive(self, timeout: float) -> bytes | None:
        raise self._error

    def close(self) -> None:
        """Nothing is there."""

    def cancel(self) -> None:
        """Nothing is there."""


def test_a_server_that_says_nothing_until_the_grace_is_over_is_away(server: RunningGame) -> None:
    session = server.client.open_session("race", SMALL, GAMES, 5, session_id="silent")
    session._stream.cancel()
    session._stream = Silent(Unavailable("cut"))
    session._open_stream = lambda first: Silent(DeadlineExceeded("no answer"))
    session.send(np.zeros((GAMES, 2), np.int8))
    with pytest.raises(Unavailable, match="no answer"):
        session.receive()
    with pytest.raises(DeadlineExceeded, match="no answer"):  # of the caller's own limit
        session.receive(timeout=0.01)
