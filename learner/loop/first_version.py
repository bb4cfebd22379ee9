"""Version 1: the untrained network, published before torch is loaded."""

from __future__ import annotations

import numpy as np

from learner.algorithms.sizes import parity_rows
from learner.loop.publisher import Draft, parity_check
from learner.network.architecture import ByteArray, FloatArray, ObservationArray, evaluate
from learner.run import Run
from mazemesh.games import GameSettings, Purpose, open_game, seeds
from mazemesh.games.foreign import ForeignGame
from mazemesh.games.foreign.engine import ForeignEngine
from mazemesh.games.mazes.reference import reference_game

PARITY_ROWS = 64


def first_draft(run: Run, parameters: dict[str, FloatArray]) -> Draft:
    """The untrained network as a snapshot, checked on first observations of real games."""
    observation, action_mask = _first_observations(run, _rows(run))
    memory = run.architecture.memory
    state = np.zeros((len(observation), memory), np.float32) if memory else None
    answer = evaluate(run.architecture, parameters, observation, action_mask, state)
    return Draft(
        parameters=parameters,
        parity=parity_check(observation, action_mask, answer, state),
        training_step=0,
        agent_steps=0,
        snapshot=True,
    )


def _rows(run: Run) -> int:
    shape = run.architecture
    each = shape.observation_size * np.dtype(shape.observation_dtype).itemsize
    return parity_rows(each, PARITY_ROWS)


def _first_observations(run: Run, rows: int) -> tuple[ObservationArray, ByteArray]:
    """Observations [rows, D] and masks uint8 [rows, A] of seat 0 at the start of games.

    Of a foreign game those of one game in its first steps. Of mazes from the engine's pure-Python
    reference: the compiled engine takes longer to load than all else here, and to compile, on its
    first use on a machine, half a minute.
    """
    game, seed = open_game(run.game), seeds.seed(Purpose.TRAINING, run.seed)
    if isinstance(game, ForeignGame):
        return _foreign_observations(game, run.game_settings, seed, rows)
    games = [
        reference_game(game, run.game_settings, seed=seed, game_id=index) for index in range(rows)
    ]
    observation = np.frombuffer(b"".join(g.observation(0) for g in games), np.uint8)
    masks = np.array([g.action_mask(0) for g in games], np.uint8)
    return observation.reshape(rows, -1), masks


def _foreign_observations(
    game: ForeignGame, settings: GameSettings, seed: int, rows: int
) -> tuple[ObservationArray, ByteArray]:
    engine = ForeignEngine(game, settings)
    engine.reset(seed=seed)
    observation, masks = [], []
    for step in range(rows):
        observation.append(engine.observation[0, 0].copy())
        masks.append(engine.action_mask[0, 0].copy())
        # All actions in turn; the engine replaces illegal ones.
        engine.step(np.full(engine.taken.shape, step % engine.spec.num_actions, np.int8))
    engine.close()
    return np.array(observation), np.array(masks)
