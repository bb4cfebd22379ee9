"""Matches of the Game service over real sockets: from CreateGames to Elo."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.game.game import GameClient
from mazemesh.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.games import BOTS, GameSettings, Purpose, get_game, seeds
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.v1 import elo_pb2
from mazemesh.v1 import game_pb2 as pb
from tests.servers.game_matches import BOT, play_match, play_out, tokens_of
from tests.servers.game_server import EVALUATION_SEED, FakeElo, RunningGame, race, running_game
from tests.servers.processes import service_process
from tests.servers.running import eventually


def test_a_match_of_two_policies_reaches_elo_once(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        created = server.client.create([race("m1"), race("m2", "race:3", BOT)])
        assert [len(match.games) for match in created] == [2, 2]
        assert [list(game.seat_tokens)[1] for game in created[1].games] == ["", ""]
        assert [game.rotation for game in created[0].games] == [0, 1]
        with server.client.join_session(tokens_of(created)) as session:
            assert session.num_games == 4
            assert session.controllers[:2].tolist() == [[-1, -1], [-1, -1]]
            assert session.controllers[2:].tolist() == [[-1, BOTS.index("shortest-path")]] * 2
            outcomes = play_out(session)
            with pytest.raises(FailedPrecondition, match="all games"):
                session.send(np.zeros((4, 2), np.int8))
        results = [elo.wait_for("m1"), elo.wait_for("m2")]
        for result, match in zip(results, created, strict=True):
            assert [game.game_id for game in result.games] == [game.game_id for game in match.games]
            for rotation, game in enumerate(result.games):
                scores, steps = outcomes[game.game_id]
                assert (game.rotation, list(game.scores)) == (rotation, scores)
                assert list(game.steps) == [steps]
                cut = scores == [0.5, 0.5]
                assert game.termination == (
                    elo_pb2.TERMINATION_STEP_LIMIT if cut else elo_pb2.TERMINATION_FINISHED
                )
        assert list(results[0].participants) == ["race:1", "race:2"]
        assert results[0].seed == EVALUATION_SEED
        assert results[0].ladder == "race"
        assert results[0].rules_hash == get_game("race").spec().rules_hash
        assert elo.duplicates == 0
        eventually(lambda: server.metric("outbox_results") == 0)
        assert server.metric("games_finished_total", kind="match", game="race") == 4


def test_rotations_move_the_start_places_of_one_maze(tmp_path: Path) -> None:
    with running_game(tmp_path) as server:
        created = server.client.create([race("m")])
        engine = BatchEngine(get_game("race"), None, 2, autoreset=False)
        engine.reset(seed=EVALUATION_SEED, rotation=[0, 1])
        assert engine.position[0].tolist() == engine.position[1, ::-1].tolist()
        with server.client.join_session(tokens_of(created)) as session:
            rng = np.random.default_rng(3)
            while not session.over:
                np.testing.assert_array_equal(session.step.observation, engine.observation)
                actions = rng.integers(0, 5, (2, 2), dtype=np.int8)
                session.send(actions)
                status = session.receive().status
                engine.step(actions)
                over = ~engine.active & ~engine.terminated & ~engine.truncated
                expected = engine.terminated + 2 * engine.truncated + 3 * over
                np.testing.assert_array_equal(status, expected)


def test_results_wait_on_disk_for_elo_and_survive_a_restart(tmp_path: Path) -> None:
    elo = FakeElo()
    elo.down = True
    with running_game(tmp_path, elo) as server:
        play_match(server.client, race("m"))
        eventually(lambda: server.metric("outbox_results") == 1)
    assert not elo.results
    elo.down = False
    with running_game(tmp_path, elo) as server:
        assert len(elo.wait_for("m").games) == 2
        with pytest.raises(FailedPrecondition, match=r"matches\[0\]: 'm' is finished"):
            server.client.create([race("m", fence=9)])
    assert elo.duplicates == 0


def test_what_elo_refuses_keeps_nothing_else_out(tmp_path: Path) -> None:
    elo = FakeElo()
    elo.refused, elo.malformed, elo.down = {"conflict"}, {"malformed"}, True
    with running_game(tmp_path, elo) as server:
        for match_id in ("conflict", "malformed", "good"):
            play_match(server.client, race(match_id))
        elo.down = False
        elo.wait_for("good")
        eventually(lambda: server.metric("refused_results") == 2)
        assert server.metric("outbox_results") == 0
    assert set(elo.results) == {"good"}
    with running_game(tmp_path, elo) as server:
        eventually(lambda: server.metric("refused_results") == 2)


def test_unrated_matches_are_not_reported(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        play_match(server.client, race("friendly", "player/ann", "player/ann", rated=False, seed=1))
        play_match(server.client, race("rated"))
        elo.wait_for("rated")
        assert set(elo.results) == {"rated"}
        with pytest.raises(FailedPrecondition, match="finished"):
            server.client.create([race("friendly", rated=False)])


def test_games_of_bots_are_played_at_once(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        solo = race("s", "bot/random", BOT, game="solo")
        created = server.client.create([race("r", "bot/random", BOT), solo])
        assert tokens_of(created) == []
        result = elo.wait_for("r")
        assert sum(game.scores[1] for game in result.games) >= 1.5
        trial = elo.wait_for("s")
        assert [list(game.scores) for game in trial.games] == [[0, 1]]
        assert server.metric("agent_steps_total", kind="match", game="race", player="bot") > 0
        assert server.metric("agent_steps_total", kind="match", game="race", player="client") == 0


def test_teams_that_win_together_are_compared_by_a_time_trial(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        settings = pb.GameSettings(width=5, height=4)
        setup = race("t", "coop:1", BOT, "coop:2", game="coop-keys", settings=settings)
        created = server.client.create([setup])
        games = created[0].games
        assert [list(game.seat_participants) for game in games] == [[0, 0], [1, 1], [2, 2]]
        assert [list(map(bool, game.seat_tokens)) for game in games] == [
            [True, True],
            [False, False],
            [True, True],
        ]
        with server.client.join_session(tokens_of(created)) as session:
            solver = BatchEngine(
                get_game("coop-keys"), GameSettings(width=5, height=4), 1, autoreset=False
            )
            solver.next_controller[...] = BOTS.index("shortest-path")
            solver.reset(seed=EVALUATION_SEED)
            while not session.over:
                solver.step(np.zeros((1, 2), np.int8))
                # The first team follows the solver, the second only stands there.
                session.send(np.array([solver.taken[0], [0, 0]], np.int8))
                session.receive()
        result = elo.wait_for("t")
        assert [list(game.scores) for game in result.games] == [[0.75, 0.75, 0.0]]
        steps = list(result.games[0].steps)
        assert steps[0] == steps[1] < steps[2] == 40


def test_a_time_trial_compares_those_who_play_alone(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        setup = race("t", "solo:1", BOT, "solo:2", game="solo")
        created = server.client.create([setup])
        games = created[0].games
        assert [list(game.seat_participants) for game in games] == [[0], [1], [2]]
        assert [bool(game.seat_tokens[0]) for game in games] == [True, False, True]
        with server.client.join_session(tokens_of(created)) as session:
            solver = BatchEngine(get_game("solo"), None, 1, autoreset=False)
            solver.next_controller[...] = BOTS.index("shortest-path")
            solver.reset(seed=EVALUATION_SEED)
            np.testing.assert_array_equal(session.step.observation[0], solver.observation[0])
            while not session.over:
                solver.step(np.zeros((1, 1), np.int8))
                # The first follows the solver, the second only bumps about.
                session.send(np.array([solver.taken[0], [0]], np.int8))
                session.receive()
        result = elo.wait_for("t")
        assert len(result.games) == 1
        assert list(result.games[0].scores) == [0.75, 0.75, 0.0]
        steps = list(result.games[0].steps)
        assert steps[0] == steps[1] < steps[2]
        assert list(result.participants) == ["solo:1", BOT, "solo:2"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"game": "chess"}, ["matches[1].game", "chess"]),
        ({"match_id": ""}, ["matches[1].match_id"]),
        ({"match_id": "x" * 129}, ["matches[1].match_id"]),
        ({"match_id": "good"}, ["matches[1].match_id", "matches[0]"]),
        ({"seed": 3}, ["matches[1].seed", "training", "evaluation"]),
        ({"participants": ["race:1"]}, ["matches[1].participants", "2 seats"]),
        ({"participants": ["race:1", "race:1"]}, ["matches[1].participants", "different"]),
        ({"participants": ["race:1", "bot/none"]}, ["matches[1].participants[1]", "bot/none"]),
        ({"participants": ["race:1", "Ann"]}, ["matches[1].participants[1]", "Ann"]),
        ({"rotations": 3}, ["matches[1].rotations", "0..2"]),
        ({"fence": -1}, ["matches[1].fence"]),
        ({"settings": pb.GameSettings(loops=2)}, ["matches[1].settings.loops", "2"]),
        ({"game": "ctf", "participants": ["a:1"] * 3}, ["matches[1].participants", "2 seats"]),
    ],
)
def test_one_wrong_setup_refuses_all(
    shared: RunningGame, changes: dict[str, Any], words: list[str]
) -> None:
    wrong = race("wrong")
    for field, value in changes.items():
        wrong.ClearField(field)  # type: ignore[arg-type]
        wrong.MergeFrom(pb.MatchSetup(**{field: value}))
    with pytest.raises(InvalidArgument) as refused:
        shared.client.create([race("good"), wrong])
    for word in words:
        assert word in str(refused.value)
    assert not list(shared.client.list_active())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_game(tmp_path_factory.mktemp("game")) as server:
        yield server


def test_creating_is_idempotent_and_fenced(tmp_path: Path) -> None:
    with running_game(tmp_path) as server:
        create = server.client.create
        first = create([race("m", fence=2)])
        assert create([race("m", fence=2)]) == first
        with pytest.raises(AlreadyExists, match="another setup"):
            create([race("m", "race:1", "race:9", fence=2)])
        with pytest.raises(FailedPrecondition, match="1 is lower than 2"):
            create([race("m", fence=1)])
        second = create([race("m", fence=3)])
        assert not set(tokens_of(first)) & set(tokens_of(second))
        with pytest.raises(NotFound, match="replaced by a later lease"):
            server.client.join_session(tokens_of(first))
        with server.client.join_session(tokens_of(second)) as session:
            assert session.num_games == 2


def test_a_later_lease_stops_the_games_of_an_earlier_one(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        both = server.client.create([race("kept", fence=1), race("taken", fence=1)])
        nothing = np.zeros((4, 2), np.int8)
        with server.client.join_session(tokens_of(both)) as late:
            late.send(nothing)
            late.receive()
            again = server.client.create([race("taken", fence=2)])
            late.send(nothing)
            assert late.receive().status.tolist() == [0, 0, 3, 3]
            with server.client.join_session(tokens_of(again)) as session:
                outcomes = play_out(session)
            play_out(late)
        for match_id, count in (("taken", 2), ("kept", 2)):
            assert len(elo.wait_for(match_id).games) == count
        reported = {game.game_id: list(game.scores) for game in elo.results["taken"].games}
        assert reported == {game: scores for game, (scores, _) in outcomes.items()}


def test_a_session_whose_matches_were_all_replaced_is_told(tmp_path: Path) -> None:
    with running_game(tmp_path) as server:
        session = server.client.join_session(tokens_of(server.client.create([race("m")])))
        server.client.create([race("m", fence=1)])
        session.send(np.zeros((2, 2), np.int8))
        with pytest.raises(FailedPrecondition, match="later lease"):
            session.receive()
        session.close()


def test_what_cannot_be_joined_together_is_refused(shared: RunningGame) -> None:
    client = shared.client
    small = pb.GameSettings(width=5)
    created = client.create([race("a"), race("b", settings=small), race("c", game="solo")])
    a, b, _ = (tokens_of([match]) for match in created)
    for tokens, words in (
        ([], "seat_tokens is empty"),
        (a[:1], "token of seat 1 of game 'a-r0' is missing"),
        (a + a[:1], "stands twice"),
        (a + b, "'b-r0' has another game or other settings"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            client.join_session(tokens)
    with pytest.raises(NotFound, match="names no seat"):
        client.join_session(["guessed"])
    with client.join_session(a) as session:
        session.send(np.zeros((2, 2), np.int8), reseat=([0], [[0, 0]]))
        with pytest.raises(InvalidArgument, match="training"):
            session.receive()


def test_a_new_session_goes_on_where_a_lost_one_stopped(tmp_path: Path) -> None:
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        tokens = tokens_of(server.client.create([race("m")]))
        engine = BatchEngine(get_game("race"), None, 2, autoreset=False)
        engine.reset(seed=EVALUATION_SEED, rotation=[0, 1])
        rng = np.random.default_rng(0)
        sessions = []
        for _ in range(3):
            sessions.append(server.client.join_session(tokens))
            for _ in range(4):
                np.testing.assert_array_equal(sessions[-1].step.observation, engine.observation)
                actions = rng.integers(1, 5, (2, 2), dtype=np.int8)
                sessions[-1].send(actions)
                sessions[-1].receive()
                engine.step(actions)
        sessions[0].send(np.zeros((2, 2), np.int8))
        with pytest.raises(Conflict, match="another session"):
            sessions[0].receive()
        with pytest.raises(FailedPrecondition, match="played already"):
            server.client.join_session(tokens[:2])
        with pytest.raises(FailedPrecondition, match="played already"):
            server.client.play(tokens[0])
        play_out(sessions[-1])
        elo.wait_for("m")
        for session in sessions:
            session.close()


def test_unplayed_matches_are_dropped(tmp_path: Path) -> None:
    with running_game(tmp_path, unplayed_seconds=0.3) as server:
        tokens = tokens_of(server.client.create([race("m")]))
        assert server.metric("open_seats") == 4
        eventually(lambda: server.metric("live_matches") == 0)
        with pytest.raises(NotFound, match="nobody played it"):
            server.client.join_session(tokens)
        assert len(server.client.create([race("m")])) == 1


def test_a_match_outlives_the_unplayed_time_while_it_is_played(tmp_path: Path) -> None:
    with running_game(tmp_path, unplayed_seconds=0.5) as server:
        settings = pb.GameSettings(step_limit=60000)
        created = server.client.create([race("m", settings=settings)])
        nothing = np.zeros((2, 2), np.int8)
        with server.client.join_session(tokens_of(created)) as session:

            def step_and_look() -> bool:
                session.send(nothing)
                session.receive()
                return session.step.sequence > 60  # 20 ms between looks

            eventually(step_and_look)
            assert server.metric("live_matches") == 1


async def test_a_killed_server_delivers_what_was_finished(tmp_path: Path) -> None:
    arguments = ("--port", "0", "--data-dir", str(tmp_path))
    async with service_process("services.game", *arguments) as process:
        client = GameClient(process.address)
        await asyncio.to_thread(play_match, client, race("m"))
        process.send(signal.SIGKILL)
        await process.ended()
        client.close()
    elo = FakeElo()
    with running_game(tmp_path, elo) as server:
        await asyncio.to_thread(elo.wait_for, "m")
        with pytest.raises(FailedPrecondition, match="finished"):
            await asyncio.to_thread(server.client.create, [race("m")])


def test_seeds_of_other_ranges_may_be_played_for_fun(shared: RunningGame) -> None:
    for purpose in Purpose:
        setup = race(f"fun-{purpose}", rated=False, seed=seeds.seed(purpose, 1), rotations=1)
        assert len(play_match(shared.client, setup)) == 1
