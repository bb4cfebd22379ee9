"""Gymnasium's vector environments: many games a call in training, one each in matches."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, open_game
from mazemesh.games.foreign.engine import ForeignEngine
from mazemesh.games.foreign.environments.episodes import episode_seed
from mazemesh.games.foreign.game import ForeignGame

CARTPOLE = "gymnasium-vector:CartPole-v1"
HERE = "pettingzoo:tests.foreign_games:"


def engine_of(name: str, num_games: int, **options: Any) -> ForeignEngine:
    game = open_game(name)
    assert isinstance(game, ForeignGame)
    return ForeignEngine(game, None, num_games, **options)


def test_a_vector_is_stepped_as_by_gymnasium() -> None:
    engine = engine_of(CARTPOLE, 6, workers=2)
    assert engine.spec.may_wait
    engine.reset(seed=5, game_id=np.arange(6))
    vectors = [gymnasium.make_vec("CartPole-v1", 3, vectorization_mode="vector_entry_point")]
    vectors.append(gymnasium.make_vec("CartPole-v1", 3, vectorization_mode="vector_entry_point"))
    seen = np.concatenate(
        [v.reset(seed=episode_seed(5, 3 * i, 0))[0] for i, v in enumerate(vectors)]
    )
    np.testing.assert_array_equal(engine.observation[:, 0], seen)
    rng = np.random.default_rng(0)
    waited = np.zeros(6, np.bool_)
    steps = np.zeros(6, np.int32)
    ends = 0
    for _ in range(120):
        np.testing.assert_array_equal(engine.acting[:, 0], ~waited)
        actions = rng.integers(0, 2, (6, 1), dtype=np.int8)
        engine.step(actions)
        parts = [
            vector.step(engine.taken[3 * i : 3 * i + 3, 0].astype(np.int64))
            for i, vector in enumerate(vectors)
        ]
        seen, reward, terminated = (np.concatenate([p[i] for p in parts]) for i in range(3))
        np.testing.assert_array_equal(engine.taken[:, 0], np.where(waited, 0, actions[:, 0]))
        np.testing.assert_array_equal(engine.observation[:, 0], seen)
        np.testing.assert_array_equal(engine.terminated, terminated)
        np.testing.assert_array_equal(engine.reward[:, 0], np.where(waited, 0, reward))
        steps = np.where(waited, 0, steps + 1)
        np.testing.assert_array_equal(engine.episode_steps, steps)
        np.testing.assert_array_equal(engine.final_observation[terminated, 0], seen[terminated])
        assert (engine.episode_return[terminated, 0] == steps[terminated]).all()
        ends += int(terminated.sum())
        steps[terminated] = 0
        waited = terminated
    assert ends > 10
    assert engine.episode.sum() == ends
    engine.close()


@pytest.mark.parametrize("mode", [mode.value for mode in AutoresetMode])
def test_every_way_to_begin_again(mode: str) -> None:
    engine = engine_of(f"{HERE}count_to_three?mode={mode}", 3)
    engine.reset(seed=0, game_id=np.arange(3))
    told = []
    for _ in range(8):
        engine.step(np.ones((3, 1), np.int8))
        if engine.terminated[0]:
            assert (engine.final_observation[:, 0, 0] == 3).all()
            assert (engine.episode_return == 3).all()
        told.append((int(engine.observation[0, 0, 0]), int(engine.terminated[0])))
        assert (engine.observation == engine.observation[0]).all()
    if mode == AutoresetMode.NEXT_STEP.value:
        assert told == [(1, 0), (2, 0), (3, 1), (0, 0), (1, 0), (2, 0), (3, 1), (0, 0)]
    else:
        assert told == [(1, 0), (2, 0), (0, 1), (1, 0), (2, 0), (0, 1), (1, 0), (2, 0)]
    engine.close()


@pytest.mark.parametrize("autoreset", [True, False])
def test_what_an_episodes_end_says_is_not_what_the_next_ones_beginning_says(
    autoreset: bool,
) -> None:
    engine = engine_of(f"{HERE}telling_vector", 2, autoreset=autoreset)
    engine.reset(seed=0, game_id=np.arange(2))
    for _ in range(3):
        engine.step(np.ones((2, 1), np.int8))
    assert engine.terminated.all()
    assert engine.success.all()
    assert engine.final_action_mask[:, 0].tolist() == [[0, 1], [0, 1]]
    if autoreset:
        assert engine.action_mask[:, 0].tolist() == [[1, 1], [1, 1]]
    engine.close()


@pytest.mark.parametrize("mode", [mode.value for mode in AutoresetMode])
def test_in_a_match_each_game_is_a_vector_of_its_own(mode: str) -> None:
    engine = engine_of(f"{HERE}count_to_three?mode={mode}", 2, autoreset=False)
    for _ in range(2):
        engine.reset(seed=0, game_id=[4, 5])
        for number in (1, 2, 3):
            assert engine.active.all()
            engine.step(np.ones((2, 1), np.int8))
            assert (engine.observation == number).all()
        assert engine.terminated.all()
    engine.reset([1], seed=0)
    assert engine.active.tolist() == [False, True]
    engine.close()


def test_a_vector_ends_its_episodes_itself() -> None:
    game = open_game(CARTPOLE)
    assert game.spec().step_limit == 500
    with pytest.raises(InvalidArgument, match="step_limit: 20 does not apply to game gymnasium-v"):
        game.spec(GameSettings(step_limit=20))
