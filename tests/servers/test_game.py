"""Training sessions of the Game service over real sockets."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import numpy as np
import numpy.typing as npt
import pytest

from mazemesh.client.channel import open_channel, translate
from mazemesh.client.game import GameClient, GamesSession
from mazemesh.client.own_thread_stream import open_stream
from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.games import BOTS, GameSettings, Purpose, get_game, list_games, seeds
from mazemesh.games.engine import BatchEngine
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.game_server import RunningGame, running_game
from tests.servers.model_server import eventually

GAMES = 16
SMALL = GameSettings(width=5, height=4, view=5)
Actions = npt.NDArray[np.int8]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game"), max_sessions=8) as game:
        yield game


def some_actions(rng: np.random.Generator, games: int = GAMES, seats: int = 2) -> Actions:
    return rng.integers(0, 5, (games, seats), dtype=np.int8)


def engine_of(
    settings: GameSettings | None, seed: int, first_game_id: int = 0, game: str = "race"
) -> BatchEngine:
    engine = BatchEngine(get_game(game), settings, GAMES)
    engine.reset(seed=seed, game_id=np.arange(first_game_id, first_game_id + GAMES))
    return engine


def assert_same(session: GamesSession, engine: BatchEngine) -> None:
    step = session.step
    ended = np.flatnonzero(engine.terminated | engine.truncated)
    truncated = np.flatnonzero(engine.truncated)
    np.testing.assert_array_equal(step.observation, engine.observation)
    np.testing.assert_array_equal(step.action_mask, engine.action_mask)
    np.testing.assert_array_equal(step.reward, engine.reward)
    np.testing.assert_array_equal(step.status, engine.terminated + 2 * engine.truncated)
    np.testing.assert_array_equal(step.ended_games, ended)
    np.testing.assert_array_equal(step.ended_scores, engine.score[ended])
    np.testing.assert_array_equal(step.ended_steps, engine.episode_steps[ended])
    np.testing.assert_array_equal(step.final_observation, engine.final_observation[truncated])
    np.testing.assert_array_equal(step.final_action_mask, engine.final_action_mask[truncated])


def play_both(
    session: GamesSession, engine: BatchEngine, rng: np.random.Generator, steps: int
) -> int:
    """Plays the same actions on both, comparing every step; returns how many games ended."""
    ended = 0
    for _ in range(steps):
        actions = some_actions(rng, seats=session.seats)
        session.send(actions)
        ended += session.receive().ended_games.size
        engine.step(actions)
        assert_same(session, engine)
    return ended


@pytest.mark.parametrize("game", ["race", "solo"])
@pytest.mark.parametrize("settings", [None, SMALL, GameSettings(step_limit=7, shaping=0.5)])
def test_a_session_is_the_engine_bit_for_bit(
    server: RunningGame, game: str, settings: GameSettings | None
) -> None:
    engine = engine_of(settings, seed=3, first_game_id=100, game=game)
    with server.client.open_session(game, settings, GAMES, 3, first_game_id=100) as session:
        assert session.spec == engine.spec
        assert session.settings == engine.settings
        assert_same(session, engine)
        ended = play_both(session, engine, np.random.default_rng(0), 60)
    assert ended > 0 or settings is None


def test_large_batches_are_stepped_in_a_thread_with_the_same_result(tmp_path: Path) -> None:
    with running_game(tmp_path, inline_seats=1) as server:
        engine = engine_of(SMALL, seed=3)
        with server.client.open_session("race", SMALL, GAMES, 3) as session:
            play_both(session, engine, np.random.default_rng(0), 60)


def test_two_sessions_interleave(server: RunningGame) -> None:
    rng = np.random.default_rng(1)
    engines = [engine_of(SMALL, 1), engine_of(SMALL, 2)]
    with (
        server.client.open_session("race", SMALL, GAMES, 1) as first,
        server.client.open_session("race", SMALL, GAMES, 2) as second,
    ):
        first.send(actions := some_actions(rng))
        engines[0].step(actions)
        for _ in range(30):
            for waiting, other, engine in ((first, second, 0), (second, first, 1)):
                other.send(actions := some_actions(rng))
                engines[1 - engine].step(actions)
                waiting.receive()
                assert_same(waiting, engines[engine])
        first.receive()


def test_bots_are_played_by_the_server(server: RunningGame) -> None:
    code = BOTS.index("shortest-path")
    controllers = np.full((GAMES, 2), -1, np.int8)
    controllers[:, 1] = code
    engine = BatchEngine(get_game("race"), SMALL, GAMES)
    engine.next_controller[...] = controllers
    engine.reset(seed=9, game_id=np.arange(GAMES))
    with server.client.open_session("race", SMALL, GAMES, 9, controllers=controllers) as session:
        for _ in range(40):
            nothing = np.full((GAMES, 2), [0, 77], np.int8)  # a bot's action is not read
            session.send(nothing)
            if session.receive().ended_games.size:
                assert (session.step.ended_scores == [0, 1]).all()
            engine.step(np.zeros((GAMES, 2), np.int8))
            assert_same(session, engine)


def test_a_reseat_takes_effect_at_the_next_episode_only(server: RunningGame) -> None:
    settings = GameSettings(width=5, height=4, step_limit=6)
    bot = BOTS.index("shortest-path")
    nothing = np.zeros((GAMES, 2), np.int8)
    with server.client.open_session("race", settings, GAMES, 4) as session:
        session.send(nothing, reseat=([2, 5], [[-1, bot], [bot, -1]]))
        session.receive()
        assert (session.controllers == -1).all()
        for _ in range(4):
            session.send(nothing)
            assert not session.receive().ended_games.size
        session.send(nothing)  # nobody moved: all are truncated, and the bots come in
        assert (session.receive().status == 2).all()
        assert session.controllers[2].tolist() == [-1, bot]
        assert session.controllers[5].tolist() == [bot, -1]
        assert (session.controllers == -1).sum() == GAMES * 2 - 2
        wins = {}
        for _ in range(6):
            session.send(nothing)
            step = session.receive()
            wins.update(zip(step.ended_games.tolist(), step.ended_scores.tolist(), strict=True))
    assert wins[2][1] >= wins[2][0]
    assert wins[5][0] >= wins[5][1]
    moved = {game for game, scores in wins.items() if scores != [0.5, 0.5]}
    assert moved <= {2, 5}
    assert moved


def test_a_reseat_that_arrives_with_the_last_step_holds_for_the_next_episode(
    server: RunningGame,
) -> None:
    settings = GameSettings(width=5, height=4, step_limit=1)
    with server.client.open_session("race", settings, GAMES, 4) as session:
        session.send(np.zeros((GAMES, 2), np.int8), reseat=([3], [[-1, 0]]))
        session.receive()
        assert session.controllers[3].tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"game": "chess"}, ["chess", "race", "solo"]),
        ({"settings": pb.GameSettings(width=1000)}, ["width", "1000"]),
        ({"num_games": 0}, ["num_games", "0", "16384"]),
        ({"num_games": 16385}, ["num_games", "16385"]),
        ({"num_games": 16384, "settings": pb.GameSettings(seats=8, view=15)}, ["message"]),
        ({"seed": seeds.seed(Purpose.EVALUATION, 1)}, ["seed", "evaluation", "training"]),
        ({"seed": 2**64 - 1}, ["seed"]),
        ({"first_game_id": 2**32 - 1, "num_games": 2}, ["first_game_id"]),
        ({"controllers": b"\x00"}, ["controllers", "1 bytes"]),
        ({"controllers": b"\x09" * 8}, ["controllers", "9", "2 shortest-path"]),
        ({"session_id": ""}, ["session_id"]),
    ],
)
def test_what_cannot_be_opened_is_refused_with_field_and_value(
    server: RunningGame, change: dict[str, object], words: list[str]
) -> None:
    fields: dict[str, object] = {"session_id": "s", "game": "race", "num_games": 4, **change}
    first = pb.RunGamesRequest(open=pb.OpenSession(**fields))  # type: ignore[arg-type]
    with open_channel(server.address) as channel:
        opening = partial(open_stream, channel, "/mazemesh.v1.GameService/RunGames", server.address)
        with pytest.raises(InvalidArgument) as refused:
            GamesSession(opening, server.address, first)
    for word in words:
        assert word in str(refused.value)


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
    with raw_stream(server, "wrong", resume=0) as stream:
        assert stream.opened.step.sequence == 0
        stream.send(1, np.ones((GAMES, 2), np.int8).tobytes())
        engine.step(np.ones((GAMES, 2), np.int8))
        assert stream.receive().observation == engine.observation.tobytes()


class RawStream:
    """A RunGames stream without the client's care."""

    def __init__(self, server: RunningGame, session_id: str, resume: int | None) -> None:
        self._channel = open_channel(server.address)
        self._next = threading.Event()
        self._requests: list[pb.RunGamesRequest | None] = []
        message = pb.OpenSession(session_id=session_id, game="race", num_games=GAMES)
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


def raw_stream(server: RunningGame, session_id: str, resume: int | None = None) -> RawStream:
    return RawStream(server, session_id, resume)


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
    with raw_stream(server, "gap") as stream:
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
    with raw_stream(server, "malformed") as stream:
        stream.send(1, **fields)
        with pytest.raises(InvalidArgument, match=message):
            stream.receive()


def test_resuming_shows_the_last_response(server: RunningGame) -> None:
    with raw_stream(server, "resume") as stream:
        stream.send(1, STAY)
        last = stream.receive()
        stream.cut()
        for known in (1, 0):
            with raw_stream(server, "resume", resume=known) as again:
                assert again.opened.step == last
                again.cut()
        for unknown in (2, 99):
            with pytest.raises(grpc.RpcError) as refused:
                raw_stream(server, "resume", resume=unknown)
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_the_newer_stream_takes_the_session(server: RunningGame) -> None:
    with raw_stream(server, "taken") as old:
        old.send(1, STAY)
        old.receive()
        with raw_stream(server, "taken", resume=1) as new:
            with pytest.raises(Conflict, match="taken over"):
                old.receive()
            new.send(2, STAY)
            assert new.receive().sequence == 2


def test_opening_anew_drops_the_old_session(server: RunningGame) -> None:
    with raw_stream(server, "anew") as old:
        old.send(1, STAY)
        old.receive()
        with raw_stream(server, "anew") as new:
            assert new.opened.step.sequence == 0
            with pytest.raises(Conflict, match="made anew"):
                old.receive()


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


def test_more_sessions_than_the_limit_are_refused(tmp_path: Path) -> None:
    with running_game(tmp_path, max_sessions=1) as server:
        with (
            server.client.open_session("race", SMALL, 1, 0),
            pytest.raises(ResourceExhausted, match="1 sessions"),
        ):
            server.client.open_session("race", SMALL, 1, 0)
        server.client.open_session("race", SMALL, 1, 0).close()


def test_a_cut_connection_loses_and_repeats_no_step(server: RunningGame) -> None:
    engine = engine_of(SMALL, 6)
    budgets = [30_000, 3_000, 50_000, 14_000, 25_001, 60_002]
    with CuttingProxy(server.address, budgets) as proxy:
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


def test_a_step_can_be_waited_for_again(server: RunningGame) -> None:
    with server.client.open_session("race", SMALL, GAMES, 0) as session:
        with pytest.raises(FailedPrecondition, match="send one first"):
            session.receive()
        session.send(np.zeros((GAMES, 2), np.int8))
        with pytest.raises(FailedPrecondition, match="in flight"):
            session.send(np.zeros((GAMES, 2), np.int8))
        assert session.receive().sequence == 1
        with pytest.raises(InvalidArgument, match=r"\[3, 2\]"):
            session.send(np.zeros((3, 2), np.int8))


def test_no_thread_is_left_behind(server: RunningGame) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        server.client.open_session("race", SMALL, GAMES, 0).close()
    with pytest.raises(NotFound):
        server.client.join_session(["nobody"])
    eventually(lambda: set(threading.enumerate()) <= before)


def test_games_and_bots_are_listed(server: RunningGame) -> None:
    listed = server.client.list_games()
    games = {game.name: game for game in listed.games}
    assert list(games) == [game.name for game in list_games()]
    assert listed.bots == ["bot/random", "bot/wall-follower", "bot/shortest-path"]
    race = games["race"]
    assert (race.min_seats, race.max_seats, race.default_spec.seats) == (2, 8, 2)
    assert race.default_spec.ladder == "race"


def test_what_is_played_is_counted(tmp_path: Path) -> None:
    controllers = np.full((GAMES, 2), -1, np.int8)
    controllers[:, 1] = 0
    with running_game(tmp_path) as server:
        settings = GameSettings(width=5, height=4, step_limit=3)
        with server.client.open_session(
            "race", settings, GAMES, 0, controllers=controllers
        ) as session:
            ended = 0
            for _ in range(6):
                session.send(np.zeros((GAMES, 2), np.int8))
                ended += session.receive().ended_games.size
            assert server.metric("sessions") == 1
        labels = {"kind": "training", "game": "race"}
        assert ended >= 2 * GAMES
        assert server.metric("games_finished_total", **labels) == ended
        for player in ("client", "bot"):
            count = server.metric("agent_steps_total", **labels, player=player)
            assert count == 6 * GAMES
        assert server.metric("step_seconds_count", **labels) == 6


def test_mazes_that_are_drawn_ahead_are_the_same(tmp_path: Path) -> None:
    settings = GameSettings(width=5, height=4, view=5, step_limit=6)
    engine = engine_of(settings, 3)
    with (
        running_game(tmp_path, draw_ahead=True) as server,
        server.client.open_session("race", settings, GAMES, 3) as session,
    ):
        play_both(session, engine, np.random.default_rng(0), 60)
    assert engine.episode.min() >= 6
