"""Every algorithm on what actors write in a game of several seats."""

from __future__ import annotations

import numpy as np
import pytest

from learner.loop.building import build
from learner.network.architecture import initial_parameters
from learner.run import Run
from learner.settings import LearnerSettings
from tests.unit.learner.fakes import TINY, random_batch

SMALL = {
    "ppo": {"unroll_length": 4, "unrolls_per_batch": 8},
    "recurrent-ppo": {"unroll_length": 4, "unrolls_per_batch": 8, "memory": 8},
    "impala": {"unroll_length": 4, "unrolls_per_batch": 8},
    "a2c": {"unroll_length": 4, "unrolls_per_batch": 8},
    "sac": {"minibatch_size": 8, "minibatches_per_batch": 2},
    "dqn": {"minibatch_size": 8, "minibatches_per_batch": 2},
    "r2d2": {"minibatch_size": 8, "minibatches_per_batch": 2, "memory": 8},
}


@pytest.mark.parametrize("algorithm", SMALL)
def test_learns_from_a_batch_that_names_opponents(algorithm: str) -> None:
    run = Run.of(
        LearnerSettings(game="race", algorithm=algorithm, hyperparameters=SMALL[algorithm], **TINY)
    )
    parameters = initial_parameters(run.architecture, 0)
    learner, _ = build(run, parameters, "cpu", 1)
    batch = random_batch(run.signature, run.batch_rows)
    assert batch.columns["opponent"].dtype == np.uint64
    update = learner.update(batch)
    assert all(np.isfinite(value) for value in update.statistics.values())
    assert learner.updates > 0
    changed = learner.network.parameters_as_arrays()
    assert any(not np.array_equal(changed[name], value) for name, value in parameters.items())
    if update.priorities is not None:
        assert update.priorities.shape == (run.batch_rows,)
