"""Training sessions of the Game service over real sockets."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import numpy as np
import pytest

from mazemesh.client.channel import open_channel, translate
from mazemesh.client.game.game import GamesSession
from mazemesh.client.game.own_thread_stream import open_stream
from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from mazemesh.games import BOTS, GameSettings, Purpose, get_game, list_games, seeds
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.servers.game_server import RunningGame, running_game
from tests.servers.game_sessions import (
    GAMES,
    SMALL,
    assert_same,
    engine_of,
    play_both,
    some_actions,
)
from tests.servers.running import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game"), max_sessions=8) as game:
        yield game


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


def test_more_sessions_than_the_limit_are_refused(tmp_path: Path) -> None:
    with running_game(tmp_path, max_sessions=1) as server:
        with (
            server.client.open_session("race", SMALL, 1, 0),
            pytest.raises(ResourceExhausted, match="1 sessions"),
        ):
            server.client.open_session("race", SMALL, 1, 0)
        server.client.open_session("race", SMALL, 1, 0).close()


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


def outside_of_pools() -> set[threading.Thread]:
    """Threads but for those of the service's pools, which come when they are wanted and stay."""
    pools = ("asyncio_", "database", "games", "files", "specs")
    return {thread for thread in threading.enumerate() if not thread.name.startswith(pools)}


def test_no_thread_is_left_behind(server: RunningGame) -> None:
    before = outside_of_pools()
    for _ in range(3):
        server.client.open_session("race", SMALL, GAMES, 0).close()
    with pytest.raises(NotFound):
        server.client.join_session(["nobody"])
    eventually(lambda: outside_of_pools() <= before)


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


def test_games_are_listed_by_name_in_pages(server: RunningGame) -> None:
    stub = GameServiceStub(server.client.channel)
    whole = server.client.list_games()
    names, request = [], pb.ListGamesRequest(page_size=2)
    while True:
        page = stub.ListGames(request)
        assert (page.bots, page.foreign_games) == (whole.bots, whole.foreign_games)
        names += [game.name for game in page.games]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert names == [game.name for game in whole.games] == sorted(names)


def test_what_is_wrong_is_told_by_its_field_on_every_way(server: RunningGame) -> None:
    with pytest.raises(InvalidArgument) as caught:
        server.client.ask_spec(
            pb.GetGameSpecRequest(game="race", settings=pb.GameSettings(width=1)), 10.0
        )
    assert caught.value.field == "settings.width"
    message = pb.RunGamesRequest(
        open=pb.OpenSession(
            session_id="s", game="race", settings=pb.GameSettings(seats=9), num_games=1
        )
    )
    with open_channel(server.address) as channel, pytest.raises(grpc.RpcError) as refused:
        next(GameServiceStub(channel).RunGames(iter([message])))
    assert translate(refused.value, server.address).field == "open.settings.seats"
    setup = pb.MatchSetup(match_id="m", game="race", settings=pb.GameSettings(loops=2.0))
    with pytest.raises(InvalidArgument) as caught:
        server.client.create([setup])
    assert caught.value.field == "matches[0].settings.loops"
    with server.client.open_session("race", GameSettings(width=4, height=4), 2, 3) as session:
        session.send(np.full((2, 2), 99, np.int8))
        with pytest.raises(InvalidArgument) as caught:
            session.receive()
    assert caught.value.field == "step.actions[0, 0]"
