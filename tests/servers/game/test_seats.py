"""Seats, watchers and lists of the Game service over real sockets."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.game.game import GameClient, SeatSession
from mazemesh.client.game.instance import GameInstance
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unavailable,
)
from mazemesh.games import GameSettings, bot_code, get_game
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.overview import landmarks
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.servers.game_server import EVALUATION_SEED, FakeElo, RunningGame, race, running_game
from tests.servers.running import eventually

ONE = {"rotations": 1}
SHORT = pb.GameSettings(step_limit=3)


@pytest.fixture
def elo() -> FakeElo:
    return FakeElo()


@pytest.fixture
def server(tmp_path: Path, elo: FakeElo) -> Iterator[RunningGame]:
    with running_game(tmp_path, elo) as game:
        yield game


def create(client: GameClient, setup: pb.MatchSetup) -> tuple[str, list[str]]:
    """Game id and tokens of the only game of a match."""
    (match,) = client.create([setup])
    (game,) = match.games
    return game.game_id, list(game.seat_tokens)


def turn_of(seat: SeatSession) -> pb.Turn:
    message = seat.receive()
    assert isinstance(message, pb.Turn)
    return message


def cells(engine: BatchEngine, game: int = 0) -> list[int]:
    return [numbered(engine, cell) for cell in engine.position[game].tolist()]


def numbered(engine: BatchEngine, cell: Sequence[int]) -> int:
    row, column = cell
    return int(row * engine.settings.width + column)


def finish_of(seat: SeatSession) -> pb.GameFinished:
    while True:
        message = seat.receive()
        if isinstance(message, pb.GameFinished):
            return message
        seat.act(message.step, 0)


def test_two_players_play_a_race(server: RunningGame, elo: FakeElo) -> None:
    game_id, tokens = create(server.client, race("m", "player/ann", "player/bob", **ONE))
    engine = BatchEngine(get_game("race"), None, 1, autoreset=False)
    engine.reset(seed=EVALUATION_SEED)
    rng = np.random.default_rng(0)
    with server.client.play(tokens[0]) as ann, server.client.play(tokens[1]) as bob:
        assert (ann.joined.game_id, ann.joined.seat, bob.joined.seat) == (game_id, 0, 1)
        assert list(ann.joined.participants) == ["player/ann", "player/bob"]
        assert ann.joined.spec.rules_hash == engine.spec.rules_hash
        for step in range(engine.spec.step_limit):
            if not engine.active[0]:
                break
            actions = rng.integers(0, 5, (1, 2), dtype=np.int8)
            # The second answers first, and nothing happens before both have.
            for index, player in ((1, bob), (0, ann)):
                turn = turn_of(player)
                assert turn.step == step
                assert turn.observation == engine.observation[0, index].tobytes()
                assert turn.action_mask == engine.action_mask[0, index].tobytes()
                assert turn.reward == engine.reward[0, index]
                assert turn.deadline_time.seconds > 1_700_000_000
                player.act(step, int(actions[0, index]))
            engine.step(actions)
        for player in (ann, bob):
            finished = player.receive()
            assert isinstance(finished, pb.GameFinished)
            assert list(finished.scores) == engine.score[0].tolist()
            assert finished.steps == engine.episode_steps[0]
            assert finished.truncated == engine.truncated[0]
    assert list(elo.wait_for("m").games[0].scores) == engine.score[0].tolist()
    with pytest.raises(FailedPrecondition, match="finished"):
        server.client.create([race("m")])


def test_players_who_come_at_once_meet_in_one_game(server: RunningGame) -> None:
    setup = race("m", *(f"race:{n}" for n in range(1, 9)), settings=pb.GameSettings(seats=8), **ONE)
    _, tokens = create(server.client, setup)
    with ThreadPoolExecutor(8) as threads:
        players = list(threads.map(server.client.play, tokens))
        assert {turn_of(player).step for player in players} == {0}
        assert [player.joined.seat for player in players] == list(range(8))
        list(threads.map(SeatSession.close, players))


def test_a_person_plays_a_bot(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", "player/ann", "bot/shortest-path", **ONE))
    assert tokens[1] == ""
    with server.client.play(tokens[0]) as ann:
        finished = finish_of(ann)
    assert list(finished.scores) == [0, 1]
    assert not finished.truncated


def test_who_does_not_act_in_time_stays(tmp_path: Path) -> None:
    with running_game(tmp_path, move_timeout=0.2) as server:
        _, tokens = create(server.client, race("m", settings=SHORT, **ONE))
        with server.client.play(tokens[0]) as quick, server.client.play(tokens[1]) as asleep:
            finished = finish_of(quick)
            # The planes of the walls come first; they change only for who moves.
            turns = [turn_of(asleep) for _ in range(3)]
            assert [turn.step for turn in turns] == [0, 1, 2]
            assert len({turn.observation[: 2 * 7 * 7] for turn in turns}) == 1
            assert asleep.receive() == finished
        assert (finished.steps, finished.truncated) == (3, True)


def test_a_player_that_left_comes_back_to_the_current_turn(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", settings=SHORT, **ONE))
    with server.client.play(tokens[0]) as ann:
        bob = server.client.play(tokens[1])
        for player in (ann, bob):
            player.act(turn_of(player).step, 0)
        turn = turn_of(bob)
        bob.close()
        with server.client.play(tokens[1]) as again:
            assert turn_of(again) == turn
            again.act(1, 0)
            ann.act(turn_of(ann).step, 0)
            assert turn_of(again).step == 2
            assert turn_of(ann).step == 2
            for player in (ann, again):
                player.act(2, 0)
            assert finish_of(ann).steps == 3
        with server.client.play(tokens[1]) as late:
            assert finish_of(late).steps == 3


def test_a_second_stream_takes_the_seat(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", **ONE))
    with server.client.play(tokens[0]) as old, server.client.play(tokens[0]) as new:
        with pytest.raises(Conflict, match="taken over"):
            old.receive()
        with pytest.raises(DeadlineExceeded):
            new.receive(timeout=0.05)  # the other seat is open


def test_an_act_for_another_step_is_refused_and_changes_nothing(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", settings=SHORT, **ONE))
    with server.client.play(tokens[0]) as ann, server.client.play(tokens[1]) as bob:
        turn_of(ann)
        ann.act(1, 0)
        with pytest.raises(FailedPrecondition, match=r"act\.step is 1; the current turn is 0"):
            ann.receive()
        bob.act(turn_of(bob).step, 9)
        with pytest.raises(InvalidArgument, match=r"act\.action: 9 is outside 0\.\.4"):
            bob.receive()
        with server.client.play(tokens[0]) as back, server.client.play(tokens[1]) as back_too:
            assert turn_of(back).step == 0
            back.act(0, 0)
            assert turn_of(back_too).step == 0
            back_too.act(0, 0)
            assert turn_of(back).step == 1


def test_a_replaced_match_ends_its_players(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", **ONE))
    with server.client.play(tokens[0]) as ann, server.client.play(tokens[1]):
        turn_of(ann)
        server.client.create([race("m", fence=1, **ONE)])
        with pytest.raises(FailedPrecondition, match="replaced under fence 1"):
            ann.receive()
        with pytest.raises(NotFound):
            server.client.play(tokens[0])


def test_seats_and_sessions_do_not_mix(server: RunningGame) -> None:
    _, tokens = create(server.client, race("m", **ONE))
    with (
        server.client.play(tokens[0]),
        pytest.raises(FailedPrecondition, match="played already"),
    ):
        server.client.join_session(tokens)


def test_a_stopping_server_says_so(tmp_path: Path) -> None:
    with running_game(tmp_path) as server:
        client = GameClient(server.address)
        _, tokens = create(client, race("m", **ONE))
        ann = client.play(tokens[0])
    with pytest.raises(Unavailable, match="stopping"):
        ann.receive()
    ann.close()
    client.close()


class Watch:
    """Watches a game in a thread."""

    def __init__(self, server: RunningGame, game_id: str, *, observes: bool = False) -> None:
        self._frames = server.client.watch(game_id, with_observations=observes)
        self.first = next(self._frames)
        self.rest: list[pb.WatchGameResponse] = []
        self._thread = threading.Thread(target=lambda: self.rest.extend(self._frames))
        self._thread.start()

    def end(self) -> list[pb.WatchGameResponse]:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.rest


def test_a_match_is_watched_to_its_end(server: RunningGame) -> None:
    game_id, tokens = create(server.client, race("m", **ONE))
    with pytest.raises(NotFound, match="not running"):
        next(server.client.watch(game_id))
    engine = BatchEngine(get_game("race"), None, 1, autoreset=False)
    engine.reset(seed=EVALUATION_SEED)
    rng = np.random.default_rng(0)
    path = {}
    with server.client.join_session(tokens) as session:
        watch = Watch(server, game_id)
        assert (watch.first.width, watch.first.height, watch.first.step) == (10, 10, 0)
        assert watch.first.passages == engine.passages[0].tobytes()
        row, column = engine.exit[0].tolist()
        assert watch.first.exit_cell == row * 10 + column
        assert list(watch.first.positions) == cells(engine)
        assert list(watch.first.participants) == ["race:1", "race:2"]
        while not session.over:
            actions = rng.integers(0, 5, (1, 2), dtype=np.int8)
            session.send(actions)
            session.receive()
            engine.step(actions)
            path[int(engine.steps[0])] = cells(engine)
    frames = watch.end()
    assert all(list(frame.positions) == path[frame.step] for frame in frames)
    steps = [frame.step for frame in frames]
    assert steps == sorted(set(steps))
    assert not any(frame.passages for frame in frames)
    assert [frame.HasField("finished") for frame in frames] == [False] * (len(frames) - 1) + [True]
    last = frames[-1].finished
    assert list(last.scores) == engine.score[0].tolist()
    assert (last.steps, last.truncated) == (engine.episode_steps[0], engine.truncated[0])
    with pytest.raises(NotFound):
        next(server.client.watch(game_id))


def test_what_seats_see_is_shown_to_who_asks(server: RunningGame) -> None:
    game_id, tokens = create(server.client, race("m", **ONE))
    with server.client.join_session(tokens) as session:
        plain = Watch(server, game_id)
        watch = Watch(server, game_id, observes=True)
        seen = {0: session.step.observation[0].tobytes()}
        masks = {0: session.step.action_mask[0].tobytes()}
        while not session.over:
            session.send(np.full((1, 2), 2, np.int8))
            step = session.receive()
            seen[len(seen)], masks[len(masks)] = (
                step.observation[0].tobytes(),
                step.action_mask[0].tobytes(),
            )
    frames = [watch.first, *watch.end()]
    assert all(one.observations == seen[one.step] for one in frames[:-1])
    assert all(one.action_masks == masks[one.step] for one in frames[:-1])
    assert frames[-1].observations == b""
    assert not any(one.observations for one in [plain.first, *plain.end()])


@pytest.mark.parametrize("game", ["collect", "ctf"])
def test_what_lies_in_a_maze_is_shown_in_every_frame(server: RunningGame, game: str) -> None:
    settings = pb.GameSettings(width=4, height=3, step_limit=30)
    setup = race("m", game=game, settings=settings, **ONE)
    game_id, tokens = create(server.client, setup)
    engine = BatchEngine(
        get_game(game), GameSettings(width=4, height=3, step_limit=30), autoreset=False
    )
    engine.next_controller[...] = bot_code("shortest-path")
    engine.reset(seed=EVALUATION_SEED)
    shown = {}
    with server.client.join_session(tokens) as session:
        watch = Watch(server, game_id)
        while True:
            goals, items = landmarks(engine, 0)
            shown[int(engine.steps[0])] = tuple(
                [numbered(engine, cell) for cell in listed] for listed in (goals, items)
            )
            if session.over:
                break
            engine.step(np.zeros((1, 2), np.int8))
            session.send(engine.taken)
            session.receive()
    frames = [watch.first, *watch.end()]
    assert all((list(one.goals), list(one.items)) == shown[one.step] for one in frames)
    assert len({tuple(one.items) for one in frames}) > 1


def test_a_training_game_is_watched_to_the_end_of_its_episode(server: RunningGame) -> None:
    settings = GameSettings(step_limit=20)
    controllers = np.full((4, 2), [-1, 0], np.int8)
    with server.client.open_session(
        "race", settings, 4, 0, controllers=controllers, session_id="training"
    ) as session:
        nothing = np.zeros((4, 2), np.int8)
        for _ in range(3):
            session.send(nothing)
            session.receive()
        watch = Watch(server, "training/2")
        assert watch.first.step == 3
        assert list(watch.first.participants) == ["", "bot/random"]
        for _ in range(20):
            session.send(nothing)
            session.receive()
        last = watch.end()[-1]
        assert last.finished.steps == 20
        engine = BatchEngine(get_game("race"), GameSettings(step_limit=20), 4, autoreset=False)
        engine.next_controller[...] = controllers
        engine.reset(seed=0, game_id=np.arange(4))
        for _ in range(20):
            engine.step(nothing)
        assert list(last.positions) == cells(engine, 2)
        assert list(last.goals) == [numbered(engine, engine.exit[2])]
        for wrong in ("training/4", "training/x", "training", "nobody/0"):
            with pytest.raises(NotFound):
                next(server.client.watch(wrong))
        left = server.client.watch("training/0")
        next(left)
    with pytest.raises(NotFound, match="not running any more"):
        list(left)


def test_lists_page_through_all_games_newest_first(server: RunningGame) -> None:
    client = server.client
    client.create([race(f"m{number}") for number in range(3)])
    _, tokens = create(client, race("n", "race:1", "bot/random", **ONE))
    with (
        client.open_session("solo", None, 7, 0, session_id="training") as session,
        client.play(tokens[0]),
    ):
        session.send(np.zeros((7, 1), np.int8))
        session.receive()
        listed = list(client.list_active())
        ids = [f"m{number}-r{rotation}" for number in range(3) for rotation in range(2)]
        ids += ["n-r0", "training/0"]
        assert [game.game_id for game in listed] == ids[::-1]
        newest, joined, waiting = listed[:3]
        assert (newest.num_games, newest.step, newest.match_id) == (7, 1, "")
        assert newest.kind == pb.ACTIVE_GAME_KIND_TRAINING
        assert (joined.match_id, joined.open_seats) == ("n", 0)
        assert list(joined.participants) == ["race:1", "bot/random"]
        assert (waiting.open_seats, waiting.num_games, waiting.game) == (2, 1, "race")
        assert waiting.create_time.seconds > 1_700_000_000
        matches = client.list_active(pb.ACTIVE_GAME_KIND_MATCH)
        assert [game.game_id for game in matches] == ids[-2::-1]
        training = client.list_active(pb.ACTIVE_GAME_KIND_TRAINING)
        assert [game.game_id for game in training] == ["training/0"]
        assert list(pages(client, 3)) == [ids[:4:-1], ids[4:1:-1], ids[1::-1]]
        assert list(pages(client, 4)) == [ids[:3:-1], ids[3::-1]]
    with closing(GameInstance(client.address)) as instance:
        for request, words in (
            (pb.ListActiveGamesRequest(page_size=-1), "page_size"),
            (pb.ListActiveGamesRequest(page_token="x"), "page_token"),
        ):
            with pytest.raises(InvalidArgument, match=words):
                instance.ask(instance.stub.ListActiveGames, request)


def pages(client: GameClient, size: int) -> Iterator[list[str]]:
    token = ""
    while True:
        request = pb.ListActiveGamesRequest(page_size=size, page_token=token)
        page = GameServiceStub(client.channel).ListActiveGames(request, timeout=10)
        yield [game.game_id for game in page.games]
        token = page.next_page_token
        if not token:
            return


def test_a_slow_watcher_slows_nobody_and_sees_the_end(server: RunningGame) -> None:
    settings = pb.GameSettings(step_limit=60_000)
    game_id, tokens = create(server.client, race("m", settings=settings, **ONE))
    with server.client.join_session(tokens) as session:
        frames = server.client.watch(game_id)
        list(islice(frames, 1))
        for _ in range(1000):
            session.send(np.zeros((1, 2), np.int8))
            session.receive()
        assert session.step.sequence == 1000
        server.client.create([race("m", fence=1, **ONE)])
        with pytest.raises(NotFound, match="not running any more"):
            list(frames)
    eventually(lambda: server.metric("sessions") == 0)
