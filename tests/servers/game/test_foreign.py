"""Foreign games in the Game service over real sockets."""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from actor.metrics import ActorMetrics
from actor.selfplay.seats.crew import Trainee
from actor.selfplay.seats.seat_plan import SeatPlan
from actor.selfplay.selfplay import TrainingGames
from mazemesh.cli.app import app
from mazemesh.client.game import games_session
from mazemesh.collecting.acting import SoftmaxActing
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.shown import Shown
from mazemesh.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.experience import unroll_signature
from mazemesh.game_replay import verify
from mazemesh.games import Catalogue, Purpose, open_game, seeds
from mazemesh.games.foreign.engine import ForeignEngine
from mazemesh.games.foreign.game import ForeignGame
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1 import game_pb2 as pb
from services.game import run_games
from tests.onnx_policies import Network
from tests.servers.game_matches import tokens_of
from tests.servers.game_server import FakeElo, RunningGame, race, running_game
from tests.servers.running import eventually

CARTPOLE = "gymnasium:CartPole-v1"
WALK = "pettingzoo:tests.foreign_games:Walk"
PARTING = "pettingzoo:tests.foreign_games:Parting"
SLOW = "pettingzoo:tests.foreign_games:Slow?seconds=0.2"
SHY = "pettingzoo:tests.foreign_games:Shy?share=1.0"
MACHINE = "pettingzoo:tests.foreign_games:Machine"
TURNS = "pettingzoo:tests.foreign_games:Turns"
BOX = "pettingzoo:tests.foreign_games:Unlike?kind=boxes"
ENDLESS = "pettingzoo:tests.foreign_games:Endless"
ROCK_PAPER_SCISSORS = "pettingzoo:pettingzoo.classic.rps_v2"
ALLOWED = (
    *(CARTPOLE, WALK, PARTING, SLOW, SHY, ROCK_PAPER_SCISSORS, ENDLESS, MACHINE, TURNS, BOX),
    *(WALK + "?fails=crash", WALK + "?fails=hang", WALK + "?fails=raise"),
)
PLACE = ("--host", "127.0.0.1")
GAMES = Catalogue(ALLOWED)
SEED = seeds.seed(Purpose.TRAINING, 4)


@pytest.fixture(scope="module")
def elo() -> FakeElo:
    return FakeElo()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, elo: FakeElo) -> Iterator[RunningGame]:
    folder = tmp_path_factory.mktemp("game")
    with running_game(folder, elo, foreign_step_seconds=1.0, foreign_games=ALLOWED) as running:
        yield running


def test_a_training_session_is_the_engine(server: RunningGame) -> None:
    game = open_game(CARTPOLE)
    assert isinstance(game, ForeignGame)
    engine = ForeignEngine(game, None, 6)
    engine.reset(seed=SEED, game_id=np.arange(10, 16))
    rng = np.random.default_rng(1)
    with server.client.open_session(CARTPOLE, None, 6, SEED, first_game_id=10) as session:
        assert session.spec == game.spec()
        truncated = 0
        for _ in range(150):
            step = session.step
            np.testing.assert_array_equal(step.observation, engine.observation)
            assert step.observation.dtype == np.float32
            np.testing.assert_array_equal(step.action_mask, engine.action_mask)
            actions = rng.integers(0, 2, (6, 1), dtype=np.int8)
            session.send(actions)
            step = session.receive()
            engine.step(actions)
            np.testing.assert_array_equal(step.reward, engine.reward)
            status = engine.terminated + 2 * engine.truncated
            np.testing.assert_array_equal(step.status, status)
            ended = step.ended_games
            np.testing.assert_array_equal(step.ended_steps, engine.episode_steps[ended])
            truncated += int(engine.truncated.sum())
        session.send(np.full((6, 1), 2, np.int8))
        with pytest.raises(InvalidArgument, match=r"actions\[0, 0\]: 2 is outside 0..1"):
            session.receive()
    engine.close()
    assert server.metric("mean_return", game=CARTPOLE) > 5


def test_one_that_crashes_hurts_nobody_else(server: RunningGame) -> None:
    quiet = server.client.open_session("race", None, 4, SEED)
    with server.client.open_session(WALK + "?fails=crash", None, 2, SEED) as session:
        left = np.zeros((2, 1), np.int8)
        session.send(left)
        while not (session.receive().status == 2).all():
            quiet.send(np.zeros((4, 2), np.int8))
            quiet.receive()
            session.send(left)
        assert session.step.final_observation.shape == (2, 1, 2)
        assert session.step.final_observation[:, 0, 0].min() >= 1
        assert session.step.ended_scores.tolist() == [[0], [0]]
        session.send(left)
        assert session.receive().sequence == session.step.sequence
    quiet.close()


def test_one_that_hangs_keeps_nobody_waiting(server: RunningGame) -> None:
    left = np.zeros((2, 1), np.int8)
    meanwhile = 0
    with (
        server.client.open_session("race", None, 4, SEED) as quiet,
        server.client.open_session(WALK + "?fails=hang", None, 2, SEED) as session,
    ):
        while not session.step.status.any():
            session.send(left)
            received = quiet.step.sequence
            while True:
                quiet.send(np.zeros((4, 2), np.int8))
                quiet.receive()
                try:
                    session.receive(timeout=0.0)
                    break
                except DeadlineExceeded:
                    continue
            meanwhile = max(meanwhile, quiet.step.sequence - received)
        assert session.step.status.tolist() == [2, 2]
    # The step that hung was given a second.
    assert meanwhile > 20


def test_a_match_that_fails_is_dropped_and_has_no_result(server: RunningGame, elo: FakeElo) -> None:
    setup = race("falls", "walk:1", "walk:2", game=WALK + "?fails=raise")
    tokens = tokens_of(server.client.create([setup]))
    # The match is dropped once a game fails, maybe before the other one ends.
    with server.client.join_session(tokens) as session, suppress(FailedPrecondition):
        while not session.over:
            session.send(np.array([[0], [1]], np.int8))
            session.receive()
    eventually(lambda: server.metric("live_matches") == 0)
    with pytest.raises(NotFound, match="no recording"):
        server.client.replay("falls-p1")
    assert "falls" not in elo.results
    assert server.metric("lost_episodes_total", game=setup.game) == 1
    assert server.client.create([setup])  # it may be played again


def test_time_trials_compare_returns_and_replays_verify(server: RunningGame, elo: FakeElo) -> None:
    created = server.client.create([race("t", "walk:1", "bot/random", "walk:2", game=WALK)])
    with server.client.join_session(tokens_of(created)) as session:
        while not session.over:
            session.send(np.array([[1], [0], [0]], np.int8)[: session.num_games])
            session.receive()
    result = elo.wait_for("t")
    assert result.ladder == WALK
    scores = list(result.games[0].scores)
    assert scores[0] > scores[2]
    assert sum(scores) == 1.5
    for game in created[0].games:
        replay = server.client.replay(game.game_id)
        assert replay.steps > 1
        assert verify(replay, GAMES) is None
        place = (*PLACE, "--port-base", str(server.port))
        shown = CliRunner().invoke(app, ["recordings", "show", game.game_id, *place])
        assert shown.exit_code == 0
        assert f"step {replay.steps} of {replay.steps}: 1 " in shown.stdout
        verified = ["recordings", "verify", game.game_id, *place]
        allowed = CliRunner().invoke(app, [*verified, "--game", WALK])
        assert allowed.exit_code == 0, allowed.stderr
        refused = CliRunner().invoke(app, verified)
        assert refused.exit_code == 1
        assert f"{WALK!r} is not allowed here" in refused.stderr
        changed = replay.actions.copy()
        changed[0] ^= 1
        difference = verify(dataclasses.replace(replay, actions=changed), GAMES)
        assert difference is not None
        assert difference.step > 0


def test_a_seat_is_played_one_move_at_a_time(server: RunningGame, elo: FakeElo) -> None:
    setup = race("duel", "player/ann", "bot/random", game=ROCK_PAPER_SCISSORS, rotations=1)
    game = server.client.create([setup])[0].games[0]
    with server.client.play(game.seat_tokens[0]) as seat:
        assert seat.joined.spec.observation_dtype == "int8"
        while isinstance(turn := seat.receive(), pb.Turn):
            assert 0 <= seat.seen(turn)["observation"] < 4
            seat.act(turn.step, turn.step % 3)
        assert sum(turn.scores) == 1
    assert list(elo.wait_for("duel").games[0].scores) == list(turn.scores)
    assert verify(server.client.replay(game.game_id), GAMES) is None


def test_a_seat_that_has_left_has_no_turns_any_more(server: RunningGame) -> None:
    names = ("player/ann", "player/bob", "bot/random", "bot/random")
    setup = race("party", *names, game=PARTING, rotations=1, rated=False)
    game = server.client.create([setup])[0].games[0]
    ann, bob = (server.client.play(game.seat_tokens[seat]) for seat in (0, 1))
    for seat in (ann, bob, bob):
        turn = seat.receive()
        assert isinstance(turn, pb.Turn)
        seat.act(turn.step, 1)
    # The bots play two steps more, for which nobody is waited.
    for seat in (ann, bob):
        finished = seat.receive()
        assert isinstance(finished, pb.GameFinished)
        assert finished.steps == 4
    ann.close()
    bob.close()


def test_what_does_not_apply_is_refused(server: RunningGame, tmp_path: Path) -> None:
    client = server.client
    for setup, words in (
        (race("x", "walk:1", "bot/shortest-path", game=WALK), "bot/shortest-path does not play"),
        (race("x", game=WALK, settings=pb.GameSettings(loops=0.5)), "loops: 0.5 does not apply"),
        (race("x", game=ENDLESS), "its observations are Sequence; supported are"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            client.create([setup])
    with pytest.raises(InvalidArgument, match="plays no seat of game"):
        client.open_session(WALK, None, 1, SEED, controllers=np.array([[2]], np.int8))


def test_a_running_game_can_be_watched_without_a_maze(server: RunningGame) -> None:
    with server.client.open_session(WALK, None, 1, SEED) as session:
        frames = server.client.watch(f"{session.session_id}/0")
        first = next(frames)
        assert (first.width, first.passages, list(first.positions)) == (0, b"", [])
        finished = []
        while not session.step.status[0]:
            session.send(np.ones((1, 1), np.int8))
            session.receive()
        finished = [frame for frame in frames if frame.HasField("finished")]
        assert list(finished[0].finished.scores) == [0]


def test_games_that_are_slow_to_begin_are_waited_for(
    server: RunningGame, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_games.WAITING_SECONDS * 3 < games_session._OPEN_SECONDS
    # What there is to do takes longer than a client waits for one message.
    monkeypatch.setattr(run_games, "WAITING_SECONDS", 0.05)
    monkeypatch.setattr(games_session, "_OPEN_SECONDS", 2.0)
    right = np.ones((8, 1), np.int8)
    with server.client.open_session(SLOW, None, 8, SEED) as session:
        for _ in range(2):
            session.send(right)
            step = session.receive(timeout=0.5)
            assert step.status.tolist() == [1] * 8
            assert step.reward.ravel().tolist() == [1] * 8


def test_a_match_that_does_not_begin_is_dropped(server: RunningGame, elo: FakeElo) -> None:
    live = server.metric("live_matches")
    setup = race("shy", "walk:1", "walk:2", game=SHY)
    with server.client.join_session(tokens_of(server.client.create([setup]))) as session:
        assert session.over
    eventually(lambda: server.metric("live_matches") == live)
    assert "shy" not in elo.results


def test_each_seat_is_told_its_own_end(server: RunningGame) -> None:
    with server.client.open_session(PARTING, None, 2, SEED) as session:
        assert session.spec.may_leave
        assert session.step.seat_status.shape == (0, 4)
        told = []
        for _ in range(5):
            session.send(np.zeros((2, 4), np.int8))
            step = session.receive()
            np.testing.assert_array_equal(step.seat_status[0], step.seat_status[1])
            told.append(step.seat_status[0].tolist())
        assert told == [[1, 0, 0, 0], [3, 2, 0, 0], [3, 3, 0, 0], [3, 3, 1, 2], [1, 0, 0, 0]]
    moves = server.metric("agent_steps_total", kind="training", game=PARTING, player="client")
    assert moves == 2 * (4 + 3 + 2 + 2 + 4)
    with server.client.open_session(ROCK_PAPER_SCISSORS, None, 1, SEED) as session:
        session.send(np.zeros((1, 2), np.int8))
        assert session.receive().seat_status.tolist() == [[0, 0]]
    with server.client.open_session("race", None, 1, SEED) as session:
        session.send(np.zeros((1, 2), np.int8))
        assert session.receive().seat_status.shape == (0, 2)
        assert not session.spec.may_leave


def machine_action(games: int) -> dict[str, np.ndarray]:
    return {
        "action.gear": np.full((games, 1), 2, np.int8),
        "action.lamps": np.ones((games, 1, 2, 2), np.uint8),
        "action.steer": np.full((games, 1, 2), 0.5, np.float32),
        "action.valves": np.full((games, 1, 2), 1, np.int32),
    }


def test_every_kind_of_space_travels(server: RunningGame) -> None:
    with server.client.open_session(MACHINE, None, 3, SEED) as session:
        assert session.spec == open_game(MACHINE).spec()
        assert session.step.observation.shape == (3, 1, 0)
        assert session.step.observations["observation.picture"].shape == (3, 1, 4, 5, 3)
        assert session.step.action_masks["action_mask.valves"].shape == (3, 1, 5)
        for number in range(1, 8):
            session.send(machine_action(3))
            step = session.receive()
            assert (step.reward == 5).all()
            assert (step.observations["observation.many"] == number % 5 * 50).all()
            steer = step.observations["observation.done.steer"]
            assert (steer == (0.5 if number % 5 else [0, 1])).all()
            assert step.status.tolist() == [int(number == 5)] * 3
        wrong = machine_action(3)
        wrong["action.steer"][1, 0, 1] = np.nan
        session.send(wrong)
        with pytest.raises(InvalidArgument, match=r"\(action.steer\)\[1, 0, 1\]: nan is no number"):
            session.receive()


def test_matches_of_every_kind_of_space_are_recorded(server: RunningGame, elo: FakeElo) -> None:
    created = server.client.create([race("m", "machine:1", "bot/random", game=MACHINE)])
    with server.client.join_session(tokens_of(created)) as session:
        while not session.over:
            session.send(machine_action(session.num_games))
            session.receive()
    assert len(elo.wait_for("m").games[0].scores) == 2
    for game in created[0].games:
        replay = server.client.replay(game.game_id)
        assert verify(replay, GAMES) is None
        changed = replay.actions.copy()
        changed["action.steer"][2] = 1
        difference = verify(dataclasses.replace(replay, actions=changed), GAMES)
        assert difference is not None


def test_a_person_plays_every_kind_of_space(server: RunningGame) -> None:
    setup = race("person", "player/ann", game=MACHINE, rated=False)
    game = server.client.create([setup])[0].games[0]
    action = {name: column[0, 0] for name, column in machine_action(1).items()}
    with server.client.play(game.seat_tokens[0]) as seat:
        turns = 0
        while isinstance(turn := seat.receive(), pb.Turn):
            seen = seat.seen(turn)
            assert seen["observation.many"] == 50 * turns
            assert seen["action_mask.gear"].tolist() == [1, 0, 1]
            assert turn.reward == (5 if turns else 0)
            turns += 1
            seat.act(turn.step, action)
        assert turns == turn.steps == 5


def test_who_waits_is_not_asked_and_states_are_told_on_request(server: RunningGame) -> None:
    two = np.full((2, 3), 2, np.int8)
    with server.client.open_session(TURNS, None, 2, SEED, with_state=True) as session:
        assert session.spec.may_wait
        assert session.step.acting.tolist() == [[True, False, False]] * 2
        assert session.step.states["state"].tolist() == [[0], [0]]
        told = []
        for _ in range(4):
            session.send(two)
            step = session.receive()
            told.append((step.acting[0].tolist(), step.states["state"][0].tolist()))
        assert told[:3] == [
            ([False, True, False], [2]),
            ([False, False, True], [4]),
            ([True, False, False], [6]),
        ]
        assert step.status.tolist() == [1, 1]
        assert step.acting[0].tolist() == [True, False, False]
    with server.client.open_session(TURNS, None, 2, SEED) as session:
        assert session.step.states == {}
    with server.client.open_session("race", None, 2, SEED, with_state=True) as session:
        assert session.step.acting.shape == (0, 2)
        planes = session.step.states["state"]
        assert planes.shape[0] == 2
        assert planes[:, 2].sum(axis=(1, 2)).tolist() == [255, 255]
    with pytest.raises(InvalidArgument, match="has no state of the whole"):
        server.client.open_session(CARTPOLE, None, 2, SEED, with_state=True)


def test_in_a_match_in_turns_each_seat_is_asked_in_its_turn(
    server: RunningGame, elo: FakeElo
) -> None:
    setup = race("turns", "player/ann", "player/bob", "bot/random", game=TURNS, rotations=1)
    game = server.client.create([setup])[0].games[0]
    seats = [server.client.play(game.seat_tokens[seat]) for seat in (0, 1)]
    order, earned = [], [0.0, 0.0]
    finished: dict[int, pb.GameFinished] = {}
    while len(finished) < 2:
        # The game asks one of them, and the bot in between.
        for number in (0, 1):
            if number in finished:
                continue
            news = seats[number].receive()
            if isinstance(news, pb.GameFinished):
                finished[number] = news
                continue
            order.append((number, news.step))
            earned[number] += news.reward
            seats[number].act(news.step, 2)
    for seat in seats:
        seat.close()
    assert [number for number, _ in order] == [0, 1] * (len(order) // 2) + [0] * (len(order) % 2)
    assert [step % 3 for _, step in order] == [number for number, _ in order]
    assert list(elo.wait_for("turns").games[0].scores) == list(finished[0].scores)
    replay = server.client.replay(game.game_id)
    assert verify(replay, GAMES) is None
    # Whoever waited did nothing.
    assert np.count_nonzero(replay.actions, axis=1).max() == 1


def test_numbers_are_taken_into_their_bounds(server: RunningGame) -> None:
    with server.client.open_session(BOX, None, 2, SEED) as session:
        session.send(np.full((2, 3, 3), 9, np.float32))
        assert session.receive().reward.tolist() == [[1, 4, 9]] * 2


class Bots:
    """Opponents: always the same bot."""

    def take(self) -> str:
        return "bot/random"

    def report(self, opponent: str, score: float) -> None:
        pass


def test_an_actor_collects_moves_alone(server: RunningGame) -> None:
    """Game g trains agent g, whose episodes have 1, 2, 4 and 4 of the game's 4 steps."""
    network = Network(1, 2)
    policy = OnnxPolicy("parting:3", network.file())
    plan = SeatPlan(4, 4, Bots())
    session = server.client.open_session(PARTING, None, 4, SEED, controllers=plan.controllers())
    signature = unroll_signature(4, 1, 2, opponents=True)
    rng = np.random.default_rng(0)
    metrics = ActorMetrics(registry := CollectorRegistry())
    games = TrainingGames(
        session,
        session.step,
        plan,
        [
            Trainee(
                lambda: policy,
                SoftmaxActing(rng),
                OwnPaceUnrollCollector(4, signature, Shown.flat(1, 2)),
            )
        ],
        lambda name: policy,
        metrics,
        rng,
    )
    # They fill an unroll in 4, 2, 1 and 1 games; those that are full wait until there are four.
    batches = [batch for _ in range(16) if (batch := games.turn()[0]) is not None]
    session.close()
    columns = {
        name: np.concatenate([batch.columns[name] for batch in batches]) for name in signature.names
    }
    rows = {
        "0 0 0 0": ("terminated", [1, 1, 1, 1]),
        "0 1 0 1": ("truncated", [0, 1, 0, 1]),
        "0 1 2 3": ("", []),
    }
    seen = [" ".join(map(str, row)) for row in columns["observation"][:, :, 0].tolist()]
    assert len(seen) == sum(batch.rows for batch in batches) > 8
    assert set(seen) == set(rows)
    assert (columns["reward"] == 1).all()
    for row, name in enumerate(seen):
        column, ends = rows[name]
        terminated, truncated = columns["terminated"][row], columns["truncated"][row]
        if column:
            assert columns[column][row].tolist() == ends
            assert (terminated | truncated).tolist() == [bool(end) for end in ends]
        else:
            assert (terminated | truncated).tolist() == [False, False, False, True]
        # What a seat saw last, in mid-game as at its end, is what its value goes on from.
        last = columns["observation"][row, :, 0] + 1
        _, value = network.answer(last[:, None], np.ones((4, 2), np.uint8))
        expected = np.where(truncated, value, 0)
        np.testing.assert_allclose(columns["bootstrap_value"][row], expected, rtol=1e-5)
    moves = registry.get_sample_value("mazemesh_actor_agent_steps_total")
    assert moves == 4 * (1 + 2 + 4 + 4)
