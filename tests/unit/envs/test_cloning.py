"""Copies of environments and engines are games of their own, and go on as their originals do."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

from mazemesh.envs import SoloEnv, SoloVectorEnv, parallel_env
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, get_game, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.engine_state import CONSTANT, SCRATCH
from mazemesh.games.mazes.kernels.state import State
from mazemesh.games.mazes.kernels.things import Things

Copy = Callable[[Any], Any]
COPIES: dict[str, Copy] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda original: pickle.loads(pickle.dumps(original)),
}
MAZE = GameSettings(width=5, height=4, view=3, step_limit=12)


def engine_of(game: str, games: int = 3, **options: Any) -> BatchEngine:
    engine = BatchEngine(get_game(game), MAZE, games, **options)
    engine.next_controller[0, -1] = 0  # a bot draws too
    engine.reset(seed=5, game_id=np.arange(games), rotation=0)
    return engine


def play(engine: BatchEngine, steps: int, seed: int) -> list[tuple[bytes, ...]]:
    """All that can be seen of each step."""
    rng = np.random.default_rng(seed)
    seen = []
    for _ in range(steps):
        engine.step(rng.integers(0, 5, engine.taken.shape).astype(np.int8))
        arrays = (engine.observation, engine.action_mask, engine.reward, engine.score)
        ends = (engine.terminated, engine.truncated, engine.taken, engine.episode_return)
        hashes = np.array([engine.state_hash(game) for game in range(engine.num_games)], np.uint64)
        seen.append(tuple(array.tobytes() for array in (*arrays, *ends, hashes)))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("game", [game.name for game in list_games()])
def test_a_copy_of_an_engine_plays_as_its_original_and_for_itself(game: str) -> None:
    engine = engine_of(game)
    play(engine, 7, seed=1)
    clones = [make(engine) for make in COPIES.values()]
    for clone in clones:
        for name in State._fields:
            mine, its = getattr(engine._state, name), getattr(clone._state, name)
            assert not np.shares_memory(mine, its), name
    before = engine.observation.copy()
    expected = play(clones[0], 30, seed=2)
    np.testing.assert_array_equal(engine.observation, before)
    assert play(engine, 30, seed=2) == expected
    del engine
    gc.collect()
    for clone in clones[1:]:
        assert play(clone, 30, seed=2) == expected


@pytest.mark.slow
def test_a_copy_of_an_engine_that_draws_ahead_does_so_too() -> None:
    engine = engine_of("race", draw_ahead=True)
    clone = copy.deepcopy(engine)
    plain = engine_of("race")
    expected = play(plain, 40, seed=3)
    assert play(clone, 40, seed=3) == expected
    assert play(engine, 40, seed=3) == expected
    for one in (engine, clone):
        one.close()


def test_every_array_is_kept_or_said_to_be_none_of_the_state() -> None:
    engine = engine_of("ctf", games=2)
    kept = set(engine.get_state().arrays)
    assert kept | CONSTANT | SCRATCH == {*State._fields, *Things._fields}
    assert not kept & (CONSTANT | SCRATCH)


def test_the_state_of_one_game_goes_to_others() -> None:
    engine = engine_of("collect", games=4)
    play(engine, 5, seed=1)
    state = engine.get_state([2])
    search = BatchEngine(get_game("collect"), MAZE, 3)
    search.set_state(pickle.loads(pickle.dumps(state)).repeated(3))
    assert {search.state_hash(game) for game in range(3)} == {engine.state_hash(2)}
    rest = [engine.state_hash(game) for game in (0, 1, 3)]
    for _ in range(3):
        search.step(np.array([[1, 2], [2, 3], [3, 4]], np.int8))
    engine.set_state(search.get_state([1]), [2])
    assert engine.state_hash(2) == search.state_hash(1)
    assert [engine.state_hash(game) for game in (0, 1, 3)] == rest


def test_a_state_that_does_not_fit_is_refused() -> None:
    state = engine_of("race", games=2).get_state()
    for engine, words in (
        (engine_of("solo", games=2), "of game race version"),
        (engine_of("race", games=3), "of 2 games, for 3"),
        (BatchEngine(get_game("race"), None, 2), "width=5.*the settings here are"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            engine.set_state(state)
    with pytest.raises(InvalidArgument, match="of 2 games; only that of one"):
        state.repeated(2)


def solo() -> tuple[Any, Callable[[Any], Any]]:
    env = gymnasium.make("mazemesh/Solo-v0", width=5, height=4, step_limit=9)
    env.reset(seed=4)
    return env, lambda one: one.step(2)


def vector() -> tuple[Any, Callable[[Any], Any]]:
    env = SoloVectorEnv(3, width=5, height=4, step_limit=9)
    env.reset(seed=4)
    return env, lambda one: one.step(np.array([1, 2, 3]))


def parallel() -> tuple[Any, Callable[[Any], Any]]:
    env = parallel_env(game="race", width=5, height=4, step_limit=9)
    env.reset(seed=4)
    return env, lambda one: one.step({"player_0": 1, "player_1": 2}) if one.agents else one.reset()


def seen(env: Any, step: Callable[[Any], Any], steps: int) -> list[str]:
    """What an environment answers, in mazes to come too."""
    answers = []
    for _ in range(steps):
        answer = step(env)
        answers.append(repr(answer))
        if (
            isinstance(answer, tuple)
            and len(answer) == 5
            and np.any(answer[2] or answer[3])
            and (isinstance(env.unwrapped, SoloEnv))
        ):
            answers.append(repr(env.reset()))
    return answers


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
@pytest.mark.parametrize("make", [solo, parallel])
def test_a_copy_of_an_environment_is_one_of_its_own(how: str, make: Callable[[], Any]) -> None:
    env, step = make()
    seen(env, step, 3)
    clone, control = COPIES[how](env), COPIES[how](env)
    expected = seen(control, step, 25)
    assert seen(env, step, 25) == expected
    del env
    gc.collect()
    assert seen(clone, step, 25) == expected


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_of_many_environments_is_one_of_its_own(how: str) -> None:
    env, step = vector()
    seen_before = [repr(step(env)) for _ in range(3)]
    clone = COPIES[how](env)
    expected = [repr(step(env)) for _ in range(25)]
    del env
    gc.collect()
    assert [repr(step(clone)) for _ in range(25)] == expected
    assert expected[:3] != seen_before


@pytest.mark.parametrize("make", [solo, vector, parallel])
def test_a_state_brings_an_environment_back(make: Callable[[], Any]) -> None:
    env, step = make()
    for _ in range(2):
        step(env)
    state = pickle.loads(pickle.dumps(env.unwrapped.get_state()))
    now = repr(env.unwrapped.observe())
    first = [repr(step(env)) for _ in range(6)], repr(env.reset())
    env.unwrapped.set_state(state)
    assert repr(env.unwrapped.observe()) == now
    assert ([repr(step(env)) for _ in range(6)], repr(env.reset())) == first
