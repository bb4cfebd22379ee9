"""What actors are told that fill a queue with unrolls, and that they draw so."""

from __future__ import annotations

import numpy as np
import pytest

from learner.algorithms.ppo import PPOConfig
from learner.bases.on_policy.unrolls import UNROLLS
from mazemesh.collecting import one_by_one
from mazemesh.collecting.shown import Shown
from mazemesh.games.spaces import Box
from mazemesh.v1 import model_pb2

SHOWN = Shown(Box((-1.0,), (1.0,), (3,)), Box((-9.0,), (9.0,), (1,)))
ROWS = 400


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_draws_go_on_from_step_to_step_and_each_is_of_the_policy(correlation: float) -> None:
    collection = model_pb2.Collection(action_distribution="clipped")
    UNROLLS.tell(PPOConfig(unroll_length=16, noise_correlation=correlation), collection)
    assert collection.unroll.length == 16
    acting = one_by_one.acting(collection, SHOWN, ROWS, np.random.default_rng(0))
    # Means of 1, deviations of 1.
    logits = np.tile(np.array([1.0, 0.0], np.float32), (ROWS, 1))
    mask, games = np.zeros((ROWS, 0), np.uint8), np.arange(ROWS)
    drawn = np.array(
        [np.asarray(acting.student(logits, mask, games)).view(np.float32) for _ in range(60)]
    ).reshape(60, ROWS)
    assert drawn.mean() == pytest.approx(1.0, abs=0.1)
    assert drawn.std() == pytest.approx(1.0, abs=0.05)
    following = ((drawn[1:] - 1.0) * (drawn[:-1] - 1.0)).mean()
    assert following == pytest.approx(correlation, abs=0.05)
