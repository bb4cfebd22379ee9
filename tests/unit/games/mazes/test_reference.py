"""The compiled engine and the plain reference agree bit for bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.games import BOTS, GENERATORS, Game, GameSettings, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.reference import ReferenceGame, reference_game

GAMES = 3


@st.composite
def configurations(draw: st.DrawFn) -> tuple[Game, GameSettings]:
    game = draw(st.sampled_from(list_games()))
    choices = range(game.min_seats, game.max_seats + 1, game.seats_multiple)
    seats = draw(st.sampled_from(choices))
    width = draw(st.integers(2, 12))
    height = draw(st.integers(max(2, -(-2 * seats // width)), 12))
    return game, GameSettings(
        width=width,
        height=height,
        view=draw(st.sampled_from([3, 5, 7, 9, 11, 17])),
        generator=draw(st.sampled_from(GENERATORS)),
        loops=draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        step_limit=draw(st.sampled_from([0, 1, 7, 40])),
        seats=seats,
        line_of_sight=draw(st.booleans()),
        shaping=draw(st.sampled_from([0.0, 0.3])),
    )


def _names(codes: npt.NDArray[np.int8]) -> list[str | None]:
    return [None if code < 0 else BOTS[code] for code in codes]


def _start(engine: BatchEngine, game: int) -> ReferenceGame:
    return reference_game(
        engine.game,
        engine.settings,
        seed=int(engine.seed[game]),
        game_id=int(engine.game_id[game]),
        episode=int(engine.episode[game]),
        rotation=int(engine.rotation[game]),
        players=_names(engine.next_controller[game]),
    )


def _check_view(engine: BatchEngine, reference: ReferenceGame, game: int) -> None:
    assert engine.state_hash(game) == reference.state_hash()
    assert engine.active[game] == reference.active
    assert engine.steps[game] == reference.steps
    for seat in reference.seats:
        assert engine.observation[game, seat].tobytes() == reference.observation(seat)
        assert engine.action_mask[game, seat].tolist() == reference.action_mask(seat)


def _check_step(engine: BatchEngine, reference: ReferenceGame, game: int) -> None:
    assert engine.taken[game].tolist() == reference.taken
    assert engine.terminated[game] == reference.terminated
    assert engine.truncated[game] == reference.truncated
    assert engine.episode_steps[game] == reference.steps
    assert engine.reward[game].tolist() == reference.reward
    assert engine.score[game].tolist() == reference.score
    if engine.terminated[game] or engine.truncated[game]:
        assert engine.success[game].tolist() == reference.success
    assert engine.episode_return[game].tolist() == reference.episode_return
    if reference.terminated or reference.truncated:
        for seat in reference.seats:
            assert engine.final_observation[game, seat].tobytes() == reference.observation(seat)
            assert engine.final_action_mask[game, seat].tolist() == reference.action_mask(seat)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, derandomize=True)
@given(configurations(), st.booleans(), st.integers(0, 2**32 - 1))
def test_engine_equals_reference(
    configuration: tuple[Game, GameSettings], autoreset: bool, entropy: int
) -> None:
    game, game_settings = configuration
    rng = np.random.default_rng(entropy)
    engine = BatchEngine(game, game_settings, GAMES, autoreset=autoreset)
    shape = engine.taken.shape
    engine.next_controller[:] = rng.integers(-1, len(BOTS), shape)
    engine.reset(
        seed=rng.integers(0, 2**63, GAMES, dtype=np.uint64),
        game_id=rng.integers(0, 2**32, GAMES, dtype=np.uint32),
        episode=rng.integers(0, 2**32 - 20, GAMES, dtype=np.uint32),
        rotation=rng.integers(0, shape[1], GAMES),
    )
    references = [_start(engine, index) for index in range(GAMES)]
    for index, reference in enumerate(references):
        _check_view(engine, reference, index)
    for _ in range(25):
        actions = rng.integers(-2, 7, shape, dtype=np.int8)
        engine.next_controller[:] = rng.integers(-1, len(BOTS), shape)
        engine.step(actions)
        for index, reference in enumerate(references):
            reference.step(actions[index].tolist())
            _check_step(engine, reference, index)
            if autoreset and not reference.active:
                references[index] = _start(engine, index)
            _check_view(engine, references[index], index)
