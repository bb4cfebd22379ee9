"""Foreign games: their names and spaces, and their engine against the environments themselves."""

import copy
import json
import os
import pickle
import re
import select
from importlib.metadata import EntryPoint
from typing import Any

import gymnasium
import numpy as np
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.games import GameSettings, open_game
from mazemesh.games.foreign.check import check_game
from mazemesh.games.foreign.engine import ForeignEngine
from mazemesh.games.foreign.environments import making, names
from mazemesh.games.foreign.environments.episodes import episode_seed
from mazemesh.games.foreign.environments.names import GROUP, is_foreign, parse, policy_name
from mazemesh.games.foreign.game import ForeignGame
from mazemesh.games.foreign.processes import process
from mazemesh.games.foreign.seats.scoring import scores
from mazemesh.games.spaces import Discrete

CARTPOLE = "gymnasium:CartPole-v1"
ROCK_PAPER_SCISSORS = "pettingzoo:pettingzoo.classic.rps_v2"
HERE = "pettingzoo:tests.foreign_games:"


def engine_of(name: str, num_games: int = 1, **options: Any) -> ForeignEngine:
    game = open_game(name)
    assert isinstance(game, ForeignGame)
    return ForeignEngine(game, None, num_games, **options)


def test_names_are_taken_apart() -> None:
    name = parse("gymnasium:FrozenLake-v1?is_slippery=false&map_name=8x8&size=4")
    assert (name.kind, name.target) == ("gymnasium", "FrozenLake-v1")
    assert name.arguments == {"is_slippery": False, "map_name": "8x8", "size": 4}
    for wrong in ("gymnasium:", "chess", "x" * 65, "other:game"):
        with pytest.raises(InvalidArgument, match="game: "):
            parse(wrong)


@pytest.mark.parametrize(
    ("game", "policy"),
    [
        ("race", "race"),
        (CARTPOLE, "cartpole-v1"),
        (ROCK_PAPER_SCISSORS, "rps_v2"),
        ("gymnasium:ALE/Pong-v5", "pong-v5"),
        ("gymnasium:FrozenLake-v1?map_name=8x8", "frozenlake-v1"),
        ("pettingzoo:my.games:make_tag", "make_tag"),
    ],
)
def test_policies_are_named_after_the_game(game: str, policy: str) -> None:
    assert policy_name(game) == policy


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gymnasium:NoSuch-v0", "NoSuch"),
        ("pettingzoo:no.such.module", "no"),
        ("pettingzoo:tests.foreign_games:Endless", "are Sequence; supported are Box"),
        ("pettingzoo:tests.foreign_games:Walk?fails=start", "no walk today"),
        ("pettingzoo:tests.foreign_games:Unlike?kind=mixed", "differ in the kind of their actions"),
        ("pettingzoo:tests.foreign_games", "neither callable nor a module"),
        ("pettingzoo:classic/ludo-v1", "not in PettingZoo's registry, which has .*tictactoe-v3"),
        ("chess", "the games are collect, .*race"),
    ],
)
def test_what_cannot_be_played_is_refused(name: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        open_game(name)


def test_a_spec_tells_what_a_policy_needs() -> None:
    game = open_game(CARTPOLE)
    spec = game.spec()
    assert (spec.seats, spec.num_actions, spec.observation_size) == (1, 2, 4)
    assert (spec.observation_dtype, spec.step_limit, spec.version) == ("float32", 500, 1)
    assert open_game(CARTPOLE) is game
    shorter = game.spec(GameSettings(step_limit=50))
    assert shorter.rules_hash != spec.rules_hash
    assert shorter.spec_hash == spec.spec_hash
    assert game.spec(game.resolve(GameSettings())) == spec
    for settings, word in (
        (GameSettings(width=5), "width: 5 does not apply"),
        (GameSettings(shaping=1.0), "shaping: 1.0 does not apply"),
        (GameSettings(seats=2), "seats: .* has 1, not 2"),
        (GameSettings(step_limit=501), "above the 500"),
    ):
        with pytest.raises(InvalidArgument, match=word):
            game.spec(settings)


def test_cartpole_is_played_as_by_gymnasium() -> None:
    engine = engine_of(CARTPOLE, 3, workers=2)
    engine.reset(seed=5, game_id=[7, 8, 9])
    env = gymnasium.make("CartPole-v1")
    episode, returned = 0, 0.0
    seen, _ = env.reset(seed=episode_seed(5, 8, 0))
    np.testing.assert_array_equal(engine.observation[1, 0], seen)
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(300):
        actions = rng.integers(0, 2, (3, 1), dtype=np.int8)
        engine.step(actions)
        seen, reward, terminated, truncated, _ = env.step(int(actions[1, 0]))
        returned += float(reward)
        assert engine.reward[1, 0] == reward
        assert (engine.terminated[1], engine.truncated[1]) == (terminated, truncated)
        assert engine.episode_return[1, 0] == returned
        if terminated or truncated:
            ends += 1
            np.testing.assert_array_equal(engine.final_observation[1, 0], seen)
            assert engine.episode_steps[1] == returned
            assert engine.score[1, 0] == 0
            episode, returned = episode + 1, 0.0
            seen, _ = env.reset(seed=episode_seed(5, 8, episode))
        np.testing.assert_array_equal(engine.observation[1, 0], seen)
    assert ends > 5
    assert engine.episode[1] == ends
    engine.close()


def test_seats_are_agents_moved_round_by_the_rotation() -> None:
    engine = engine_of(HERE + "Duel", 2, autoreset=False)
    assert (engine.spec.seats, engine.spec.num_actions, engine.spec.observation_size) == (3, 4, 1)
    assert engine.spec.agents == ("a", "b", "c")
    engine.reset(seed=1, rotation=[0, 1])
    assert np.diff(engine.observation[0]).tolist() == [1, 1]
    np.testing.assert_array_equal(engine.observation[1], np.roll(engine.observation[0], -1, axis=0))
    engine.step(np.array([[3, 1, 2], [1, 2, 3]], np.int8))
    assert engine.reward.tolist() == [[3, 0, 0], [0, 0, 3]]
    assert engine.seat_status.tolist() == [[1, 0, 0], [0, 0, 1]]
    engine.step(np.array([[3, 1, 2], [1, 2, 3]], np.int8))  # the winner has left
    assert engine.reward.tolist() == [[0, 0, 2], [0, 2, 0]]
    assert engine.observation[0, 0] == 0
    assert engine.seat_status.tolist() == [[3, 1, 1], [1, 1, 3]]
    assert engine.terminated.all()
    assert not engine.active.any()
    assert engine.episode_return.tolist() == [[3, 0, 2], [0, 2, 3]]
    assert engine.score.tolist() == [[1, 0, 0.5], [0, 0.5, 1]]
    engine.close()


def test_rock_paper_scissors_of_pettingzoo() -> None:
    engine = engine_of(ROCK_PAPER_SCISSORS, autoreset=False)
    assert (engine.spec.seats, engine.spec.num_actions) == (2, 3)
    engine.reset(seed=0)
    total = np.zeros(2)
    while engine.active[0]:
        engine.step(np.array([[1, 0]], np.int8))
        total += engine.reward[0]
    assert engine.truncated[0]
    assert total[0] == -total[1] == engine.episode_steps[0] > 0
    assert engine.score[0].tolist() == [1, 0]
    engine.close()


def test_pictures_stay_bytes_and_masks_count() -> None:
    game = open_game(HERE + "Pictures")
    assert game.spec().observation_dtype == "uint8"
    assert game.spec().layout[0].shape == (4, 5, 3)
    assert game.spec().step_limit == 10_000
    assert isinstance(game, ForeignGame)
    engine = ForeignEngine(game, GameSettings(step_limit=3), autoreset=True)
    engine.reset(seed=0)
    taken = []
    for action in (0, 2, 2):
        engine.step(np.array([[action]], np.int8))
        taken.append(int(engine.taken[0, 0]))
    assert taken == [1, 2, 1]
    assert engine.truncated[0]
    assert engine.final_observation.shape == (1, 1, 4, 5, 3)
    assert (engine.final_observation[0, 0] == 40).all()
    assert (engine.observation[0, 0] == 0).all()
    engine.close()


def test_bots_draw_legal_actions_and_follow_from_the_seed() -> None:
    runs = []
    for _ in range(2):
        engine = engine_of(HERE + "Walk", 4)
        engine.next_controller[...] = 0
        engine.reset(seed=3, game_id=range(4))
        steps = []
        for _ in range(40):
            engine.step(np.zeros((4, 1), np.int8))
            steps.append((engine.taken.copy(), engine.observation.copy(), engine.state_hash(0)))
        runs.append(steps)
        engine.close()
    for one, other in zip(*runs, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        assert one[2] == other[2]
    assert {int(a) for taken, _, _ in runs[0] for a in taken.ravel()} == {0, 1}


def fall(engine: ForeignEngine, game: int) -> None:
    """Walks a game down to 0, where it fails; the others stand about at the same place."""
    other = 1
    while True:
        actions = np.full(engine.taken.shape, other, np.int8)
        actions[game] = 0
        other = 1 - other
        engine.step(actions)
        if engine.lost.any():
            return


@pytest.mark.parametrize("autoreset", [True, False])
def test_an_environment_that_raises_loses_its_own_episode(autoreset: bool) -> None:
    engine = engine_of(HERE + "Walk?fails=raise", 3, autoreset=autoreset)
    engine.reset(seed=0, game_id=range(3))
    fall(engine, 1)
    assert engine.lost.tolist() == [False, True, False]
    assert engine.truncated.tolist() == [False, autoreset, False]
    assert engine.active.tolist() == [True, autoreset, True]
    assert engine.score[1, 0] == engine.reward[1, 0] == 0
    assert engine.final_observation[1, 0, 0] == 1
    assert engine.episode.tolist() == [0, int(autoreset), 0]
    engine.step(np.ones((3, 1), np.int8))
    assert not engine.lost.any()
    engine.close()


@pytest.mark.parametrize("crashes", [False, True])
def test_what_an_environment_has_started_ends_with_its_worker(crashes: bool) -> None:
    engine = engine_of(f"{HERE}Starting")
    engine.reset(seed=0)
    started = os.pidfd_open(int(engine.observation[0, 0, 0]))
    try:
        if crashes:
            engine.step(np.ones((1, 1), np.int8))
        else:
            engine.close()
        poll = select.poll()
        poll.register(started, select.POLLIN)
        assert poll.poll(10_000)
    finally:
        engine.close()
        os.close(started)


def test_an_emulator_is_seeded_once_and_again_where_it_is_a_new_one() -> None:
    engine = engine_of(HERE + "Emulator?fails=true", 2, autoreset=True)
    engine.reset(seed=5, game_id=range(2))
    stands = [float(episode_seed(5, game, 0) % 1000) for game in range(2)]
    assert engine.observation[:, 0, 0].tolist() == stands
    engine.step(np.zeros((2, 1), np.int8))
    assert engine.observation[:, 0, 0].tolist() == [-1.0, -1.0]
    engine.step(np.array([[0], [1]], np.int8))
    assert engine.lost.tolist() == [False, True]
    assert engine.observation[0, 0, 0] == -1.0
    assert engine.observation[1, 0, 0] == episode_seed(5, 1, 2) % 1000
    engine.reset(seed=5, game_id=range(2))
    assert engine.observation[:, 0, 0].tolist() == stands
    engine.close()


@pytest.mark.parametrize("fails", ["crash", "hang"])
def test_a_worker_that_dies_or_hangs_is_replaced(fails: str) -> None:
    engine = engine_of(f"{HERE}Walk?fails={fails}", 4, workers=2, step_seconds=0.5)
    engine.reset(seed=0, game_id=range(4))
    others = engine.episode[2:].tolist()
    fall(engine, 0)
    assert engine.lost.tolist() == engine.truncated.tolist() == [True, True, False, False]
    assert engine.episode.tolist() == [1, 1, *others]
    assert engine.final_observation[0, 0, 0] == 1
    assert 2 <= engine.observation[0, 0, 0] < 6
    before = engine.steps.tolist()
    engine.step(np.ones((4, 1), np.int8))
    assert engine.steps.tolist() == [steps + 1 for steps in before]
    engine.close()


def test_a_game_that_always_fails_is_given_up() -> None:
    engine = engine_of(HERE + "Walk?fails=always", 2)
    engine.reset(seed=0)
    for _ in range(9):
        engine.step(np.ones((2, 1), np.int8))
    with pytest.raises(FailedPrecondition, match="failed 10 times in a row: RuntimeError: fell"):
        engine.step(np.ones((2, 1), np.int8))
    engine.close()


@pytest.mark.parametrize(
    ("returns", "threshold", "expected"),
    [
        ([475.0], 475.0, [1.0]),
        ([474.0], 475.0, [0.0]),
        ([9.0], None, [0.0]),
        ([1.0, -1.0], None, [1.0, 0.0]),
        ([2.0, 2.0], 1.0, [0.5, 0.5]),
        ([1.0, 3.0, 1.0], None, [0.25, 1.0, 0.25]),
    ],
)
def test_scores(returns: list[float], threshold: float | None, expected: list[float]) -> None:
    assert scores(np.array(returns, np.float32), threshold).tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (CARTPOLE, {}),
        (ROCK_PAPER_SCISSORS, {}),
        ("solo", {}),
        (HERE + "Walk", {}),
        (HERE + "Walk?fails=raise", {"steps": "fell off|were lost"}),
        (
            HERE + "Restless",
            {"determinism": "after step 0", "autoreset": "leaves something"},
        ),
        (HERE + "Pictures", {}),
        (HERE + "Machine", {}),
        (HERE + "Turns", {}),
        (HERE + "Turns?leaving=true", {}),
        (HERE + "Unlike?kind=boxes", {}),
        (HERE + "Guests", {}),
    ],
)
def test_the_check_finds_what_is_wrong(name: str, wrong: dict[str, str]) -> None:
    findings = list(check_game(open_game(name), steps=200))
    assert {finding.check for finding in findings if not finding.passed} == set(wrong)
    for finding in findings:
        assert re.search(wrong.get(finding.check, ""), finding.detail)


@pytest.mark.slow
def test_the_command_lists_and_checks_games() -> None:
    listed = CliRunner().invoke(app, ["games"])
    assert "race\t2..8" in listed.stdout
    checked = CliRunner().invoke(app, ["games", "check", CARTPOLE, "--steps", "50", "--json"])
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["passed"]
    failing = CliRunner().invoke(app, ["games", "check", HERE + "Restless", "--steps", "5"])
    assert failing.exit_code == 1
    assert "FAIL determinism" in failing.stdout
    assert CliRunner().invoke(app, ["games", "check", "chess"]).exit_code == 1


def test_packages_offer_games_by_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("stroll", "tests.foreign_games:Walk", GROUP)
    monkeypatch.setattr(names, "plugins", lambda: {"stroll": point})
    assert is_foreign("stroll")
    assert is_foreign("stroll?fails=raise")
    assert parse("stroll?fails=raise").arguments == {"fails": "raise"}
    monkeypatch.setattr(making, "plugins", lambda: {"stroll": point})
    made = making.make_environment(parse("stroll"))
    assert made.description.action_space == Discrete(2, start=3)
    made.close()


def walk_right(engine: ForeignEngine) -> None:
    engine.step(np.ones_like(engine.taken))


@pytest.mark.slow
def test_games_that_are_slow_to_make_or_to_reset_are_played_all_the_same() -> None:
    # Together they take longer than a step may: what is bounded is each.
    engine = engine_of(HERE + "Slow?seconds=0.2", 8, step_seconds=1.0)
    engine.reset(seed=0, game_id=range(8))
    for _ in range(2):
        walk_right(engine)
        assert engine.terminated.all()
        assert not engine.lost.any()
    assert engine.episode.tolist() == [2] * 8
    engine.close()


@pytest.mark.slow
def test_a_reset_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(HERE + "Slow?seconds=3", 1)
    monkeypatch.setattr(process, "START_SECONDS", 0.2)
    with pytest.raises(FailedPrecondition, match="does not begin: it did not answer in time"):
        engine.reset(seed=0)
    engine.close()


@pytest.mark.parametrize("when", ["reset", "make"])
def test_a_reset_that_raises_costs_no_other_game_anything(when: str) -> None:
    engine = engine_of(HERE + f"Shy?when={when}", 12)
    engine.reset(seed=1, game_id=range(12))
    assert engine.active.all()
    skipped = 0
    for _ in range(20):
        before = engine.episode.copy()
        walk_right(engine)
        assert engine.terminated.all()
        assert not engine.lost.any()
        skipped += int((engine.episode - before - 1).sum())
    assert skipped > 0
    engine.close()


def test_a_match_whose_reset_raises_is_lost_alone() -> None:
    engine = engine_of(HERE + "Shy", 12, autoreset=False)
    engine.reset(seed=1, game_id=range(12))
    assert 0 < engine.lost.sum() < 12
    np.testing.assert_array_equal(engine.lost, ~engine.active)
    begun = engine.active.copy()
    walk_right(engine)
    np.testing.assert_array_equal(engine.terminated, begun)
    engine.close()


def test_a_game_that_never_begins_is_refused_by_name() -> None:
    engine = engine_of(HERE + "Shy?share=1.0", 2)
    with pytest.raises(
        FailedPrecondition, match=r"Shy.share=1.0 does not begin: .*10 episodes.*shy"
    ):
        engine.reset(seed=0)
    engine.close()


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("huge reward", r"its reward is 1e\+39; it should be within -1e\+09..1e\+09"),
        ("no reward", "its reward is nan"),
        ("infinite", r"its observation has inf at element 1; it should be within -1e\+09"),
        ("nan", "its observation has nan at element 1"),
        ("large", r"its observation has 1e\+39 at element 1"),
        ("short", "its observation has 1 elements; its space has 2"),
        ("long mask", "its action mask has 3 entries; its space has 2 actions"),
    ],
)
def test_what_no_network_can_take_loses_its_episode_and_is_named(says: str, words: str) -> None:
    engine = engine_of(HERE + f"Liar?says={says.replace(' ', '_')}", 2)
    engine.reset(seed=0)
    for _ in range(9):
        walk_right(engine)
        assert engine.lost.all()
        assert np.isfinite(engine.reward).all()
        assert np.isfinite(engine.observation).all()
        assert np.isfinite(engine.final_observation).all()
    words = "Liar.*failed 10 times in a row: ValueError: " + words
    with pytest.raises(FailedPrecondition, match=words):
        walk_right(engine)
    engine.close()


@pytest.mark.parametrize("game", ["Cut", "Parting"])
def test_masks_of_zeros_in_mid_episode_and_at_its_cut_are_played(game: str) -> None:
    engine = engine_of(HERE + game, 2)
    engine.next_controller[1] = 0  # a bot draws from it too
    engine.reset(seed=0)
    for _ in range(8):
        walk_right(engine)
        assert not engine.lost.any()
        assert engine.action_mask.any(axis=2).all()
        assert engine.final_action_mask[engine.truncated].any(axis=2).all()
    engine.close()


def test_agents_end_one_by_one() -> None:
    engine = engine_of(HERE + "Parting", 2, workers=2)
    assert engine.spec.may_leave
    engine.reset(seed=0, rotation=[0, 1])
    seen = []
    for _ in range(5):
        walk_right(engine)
        seen.append((engine.seat_status.tolist(), engine.reward.tolist()))
        assert engine.truncated.tolist() == [len(seen) == 4] * 2
        assert not engine.terminated.any()
        if len(seen) == 4:
            # The last two ended in different ways; one has a last observation to go by.
            assert engine.final_observation[0, :, 0].tolist() == [0, 0, 4, 4]
    # Agents a to d end in steps 1 to 4; b and d are cut off, and a is paid once more after its end.
    agents = [[1, 0, 0, 0], [3, 2, 0, 0], [3, 3, 0, 0], [3, 3, 1, 2], [1, 0, 0, 0]]
    paid = [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1]]
    for (status, reward), by_agent, earned in zip(seen, agents, paid, strict=True):
        assert status == [by_agent, by_agent[1:] + by_agent[:1]]
        assert reward == [earned, earned[1:] + earned[:1]]
    engine.close()


@pytest.mark.slow
def test_a_lost_game_cuts_off_those_who_are_left_in_it() -> None:
    for fails, workers in (("raise", 1), ("crash", 2)):
        engine = engine_of(HERE + f"Parting?fails={fails}", 2, workers=workers)
        engine.reset(seed=0)
        for _ in range(3):
            walk_right(engine)
            assert not engine.lost.any()
        walk_right(engine)
        assert engine.lost.all()
        assert engine.seat_status.tolist() == [[3, 3, 2, 2]] * 2
        walk_right(engine)
        assert engine.seat_status.tolist() == [[1, 0, 0, 0]] * 2
        engine.close()


@pytest.mark.parametrize("autoreset", [False, True])
def test_games_that_ended_in_a_step_that_crashed_are_lost_too(autoreset: bool) -> None:
    # Of one worker's games the first ends in this step, before the second ends the process.
    engine = engine_of(HERE + "Doomed", 2, autoreset=autoreset)
    engine.reset(seed=0)
    walk_right(engine)
    walk_right(engine)
    assert engine.lost.tolist() == [True, True]
    assert engine.active.tolist() == engine.truncated.tolist() == [autoreset, autoreset]
    assert not engine.terminated.any()
    assert engine.final_observation[:, 0, 0].tolist() == [2, 1]
    engine.close()


def test_a_foreign_engine_is_not_copied_in_silence() -> None:
    engine = engine_of(CARTPOLE)
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="CartPole-v1 live in processes of their own"):
            make(engine)
    engine.close()
