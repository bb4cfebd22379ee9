"""Version 1: the untrained network, published before torch is loaded."""

from __future__ import annotations

import numpy as np

from learner.algorithms.sizes import parity_rows
from learner.loop.publisher import Draft, parity_check
from learner.network.architecture import FloatArray
from learner.run import Run
from mazemesh.games import Purpose, open_game, seeds

PARITY_ROWS = 64


def first_draft(run: Run, parameters: dict[str, FloatArray]) -> Draft:
    """The untrained network as a snapshot, checked on first observations of real games."""
    first = open_game(run.game).first_columns(
        run.game_settings, seeds.seed(Purpose.TRAINING, run.seed), _rows(run)
    )
    observation, action_mask = first["observation"], first["action_mask"]
    memory = run.architecture.memory
    state = np.zeros((len(observation), memory), np.float32) if memory else None
    answer = run.source.evaluate(parameters, observation, action_mask, state)
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
