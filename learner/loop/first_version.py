"""Version 1: the untrained network, published before torch is loaded."""

from __future__ import annotations

from learner.algorithms.sizes import parity_rows
from learner.loop.examples import first_examples
from learner.loop.publisher import Draft, parity_check
from learner.network.architecture import FloatArray
from learner.run import Run
from mazemesh.games import Purpose, seeds
from mazemesh.games.spaces import row_bytes

PARITY_ROWS = 64


def first_draft(run: Run, parameters: dict[str, FloatArray]) -> Draft:
    """The untrained network as a snapshot, checked on first observations of real games."""
    first = run.rules.first_columns(
        run.game_settings, seeds.seed(Purpose.TRAINING, run.seed), _rows(run)
    )
    shape = run.architecture
    observation, action_mask, state = first_examples(shape, first)
    answer = run.source.evaluate(parameters, observation, action_mask, state)
    return Draft(
        parameters=parameters,
        parity=parity_check(observation, action_mask, answer, state, shape),
        training_step=0,
        agent_steps=0,
        snapshot=True,
    )


def _rows(run: Run) -> int:
    return parity_rows(row_bytes(run.architecture.observation_space), PARITY_ROWS)
