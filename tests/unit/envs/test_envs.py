"""The environments pass the checkers of Gymnasium and PettingZoo."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test, parallel_seed_test

import mazemesh.envs
from mazemesh.errors import InvalidArgument
from mazemesh.games import Purpose


@pytest.mark.parametrize("render_mode", [None, "ansi", "rgb_array"])
def test_solo_passes_the_gymnasium_checker(render_mode: str | None) -> None:
    env = gymnasium.make("mazemesh/Solo-v0", render_mode=render_mode, width=6, height=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_solo_masks_walls_and_staying() -> None:
    env = gymnasium.make("mazemesh/Solo-v0")
    _, info = env.reset(seed=3)
    assert info["action_mask"][0] == 0
    assert info["action_mask"].sum() >= 1
    action = env.action_space.sample(mask=info["action_mask"])
    assert info["action_mask"][action] == 1


def test_purposes_draw_different_mazes() -> None:
    training = gymnasium.make("mazemesh/Solo-v0")
    evaluation = gymnasium.make("mazemesh/Solo-v0", purpose=Purpose.EVALUATION)
    first, _ = training.reset(seed=3)
    second, _ = evaluation.reset(seed=3)
    assert not np.array_equal(first, second)


def test_vector_env_reports_final_observations() -> None:
    env = gymnasium.make_vec("mazemesh/Solo-v0", num_envs=8, width=4, height=4, step_limit=5)
    observations, info = env.reset(seed=1)
    assert observations in env.observation_space
    ends = 0
    for _ in range(12):
        actions = [env.single_action_space.sample(mask=mask) for mask in info["action_mask"]]
        observations, _, terminated, truncated, info = env.step(np.array(actions))
        ended = terminated | truncated
        assert observations in env.observation_space
        assert ended.any() == ("final_obs" in info)
        for index in np.flatnonzero(ended):
            ends += 1
            assert info["_final_obs"][index]
            assert not np.array_equal(info["final_obs"][index], observations[index])
            assert 1 <= info["episode"]["l"][index] <= 5
    assert ends >= 16


def test_vector_env_equals_single_envs() -> None:
    seeds = [5, 6, 7]
    vector = gymnasium.make_vec("mazemesh/Solo-v0", num_envs=3)
    batch, _ = vector.reset(seed=seeds)
    for index, seed in enumerate(seeds):
        single, _ = gymnasium.make("mazemesh/Solo-v0").reset(seed=seed)
        assert np.array_equal(single, batch[index])


def test_vector_env_resets_only_the_masked() -> None:
    env = gymnasium.make_vec("mazemesh/Solo-v0", num_envs=2)
    before, _ = env.reset(seed=1)
    after, _ = env.reset(options={"reset_mask": np.array([False, True])})
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


@pytest.mark.parametrize(
    ("game", "seats"),
    [("race", 2), ("race", 5), ("pursuit", 4), ("collect", 3), ("coop-keys", 2), ("ctf", 6)],
)
def test_games_pass_the_pettingzoo_checkers(game: str, seats: int) -> None:
    def make(**settings: int) -> mazemesh.envs.MazeParallelEnv:
        return mazemesh.envs.parallel_env(game=game, seats=seats, **settings)

    parallel_api_test(make(step_limit=30), num_cycles=100)
    parallel_seed_test(make, num_cycles=50)


def test_the_whole_state_is_there_for_critics() -> None:
    env = mazemesh.envs.parallel_env(game="collect", width=5, height=4)
    env.reset(seed=1)
    state = env.state()
    assert state in env.state_space
    assert state.shape == (5, 4, 5)
    env.step({"player_0": 0, "player_1": 0})
    assert np.array_equal(state, env.state())


@pytest.mark.parametrize(
    ("game", "signs"),
    [("collect", "12*"), ("coop-keys", "12*◆"), ("ctf", "12"), ("pursuit", "12")],
)
def test_games_draw_what_there_is(game: str, signs: str) -> None:
    env = mazemesh.envs.parallel_env(game=game, render_mode="ansi")
    env.reset(seed=1)
    assert set(signs) == set(env.render()) & set("12345678*◆")
    pixels = mazemesh.envs.parallel_env(game=game, render_mode="rgb_array")
    pixels.reset(seed=1)
    assert len(np.unique(pixels.render().reshape(-1, 3), axis=0)) >= 2 + len(signs)


def test_race_renders() -> None:
    env = mazemesh.envs.parallel_env(width=3, height=2, render_mode="ansi")
    env.reset(seed=1)
    lines = env.render().splitlines()
    assert len(lines) == 5
    assert {len(line) for line in lines} == {13}
    assert {"1", "2", "◆"} <= set("".join(lines))


def test_unknown_render_mode_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="ansi, rgb_array"):
        mazemesh.envs.parallel_env(render_mode="human")
