"""Games of mazemesh and of others side by side: what is known of them, and what plays them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from mazemesh.games import Engine, Game, GameSettings, open_game
from mazemesh.games.engines import new_engine
from mazemesh.games.ladder import faster_is_better

NAMES = ("race", "gymnasium:CartPole-v1")


@pytest.fixture(params=NAMES)
def game(request: pytest.FixtureRequest) -> Game:
    return open_game(request.param)


def test_an_engine_has_all_that_the_protocol_says(game: Game) -> None:
    engine = new_engine(game, None, 3)
    try:
        declared = (*inspect.get_annotations(Engine), *(n for n in dir(Engine) if n[0] != "_"))
        assert not [name for name in declared if not hasattr(engine, name)]
        games, seats = 3, engine.spec.seats
        assert engine.observation.shape == (games, seats, engine.spec.observation_size)
        assert engine.action_mask.shape == (games, seats, engine.spec.num_actions)
        assert engine.position.shape[0] == engine.passages.shape[0] == games
    finally:
        engine.close()


def test_who_waits_for_ends_hears_of_each(game: Game) -> None:
    engine, heard = new_engine(game, GameSettings(step_limit=5), 2), []
    try:
        engine.reset(seed=[1, 2])
        for _ in range(5):
            engine.step(np.zeros_like(engine.taken), on_end=lambda: heard.append(engine.steps[0]))
        assert len(heard) == 1
        assert engine.truncated.all()
    finally:
        engine.close()


def test_first_columns_are_those_of_seat_0(game: Game) -> None:
    spec = game.spec()
    first = game.first_columns(GameSettings(), 7, 4)
    observation, masks = first["observation"], first["action_mask"]
    assert observation.shape == (4, spec.observation_size)
    assert observation.dtype == np.dtype(spec.observation_dtype)
    assert masks.shape == (4, spec.num_actions)
    assert masks.any(axis=1).all()


def test_the_bytes_of_an_engine_grow_with_its_games(game: Game) -> None:
    settings = game.resolve(GameSettings())
    one, two, many = (game.engine_bytes(settings, games) for games in (1, 2, 101))
    assert many - one == 100 * (two - one)
    assert two - one >= game.spec().observation_size


def test_fewer_steps_are_better_in_mazes_alone() -> None:
    assert [faster_is_better(name) for name in NAMES] == [True, False]
    assert [open_game(name).ranked_by_return for name in NAMES] == [False, True]
