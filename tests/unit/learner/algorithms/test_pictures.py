"""SAC, TD3 and DDPG on pictures, trees and earlier frames: critics see what the policy sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from learner.algorithms.algorithm import Start
from learner.algorithms.ddpg import DDPGConfig
from learner.algorithms.registry import find
from learner.algorithms.sac import SACConfig
from learner.algorithms.td3 import TD3Config
from learner.bases.off_policy.uniform import SOFT
from learner.device.place import Place
from learner.network.architecture import Architecture, Spaces
from learner.network.gradients.descent import ALONE
from learner.network.networks import make
from learner.network.parts.encoding import Encoding
from mazemesh.games.spaces import Box, Dict
from tests.unit.learner.fakes import FakeBatch

SIDE = 8
CAMERA = Box((0.0,), (255.0,), (SIDE, SIDE, 1), "uint8")
SEEN = Dict((("camera", CAMERA), ("near", Box((-1.0,), (1.0,), (1,)))))
ACTION = Box((-1.0,), (1.0,), (1,))
ROWS = 128

FAST = {"minibatch_size": 32, "minibatches_per_batch": 4, "learning_rate": 1e-3}
CONFIGS: dict[str, Any] = {
    "sac": SACConfig(**FAST, critic_learning_rate=3e-3, temperature=0.01),
    "td3": TD3Config(**FAST, critic_learning_rate=3e-3),
    "ddpg": DDPGConfig(**FAST, critic_learning_rate=3e-3),
}
EVERY = pytest.mark.parametrize("algorithm", sorted(CONFIGS))


def architecture(algorithm: str, space: Any, frames: int = 1) -> Architecture:
    method, encoding = find(algorithm), Encoding(value="shared", frames=frames)
    return Architecture(
        method.head,
        space.size if isinstance(space, Box) else 0,
        0,
        (),
        spaces=Spaces(space, ACTION),
        encoding=encoding,
        actions=method.actions,
        state_std=method.state_std,
    )


def learner(algorithm: str, shape: Architecture) -> Any:
    parameters = make(shape, 0).parameters_as_arrays()
    start = Start(shape, parameters, CONFIGS[algorithm], Place(), 0, ALONE)
    return find(algorithm).build(start)


def batch(shape: Architecture, seed: int, *, earlier: bool = False) -> FakeBatch:
    """One-step episodes, best where the action is how bright the picture is, -1..1.

    With `earlier` it is the earlier frame that counts, and the present one that is noise.
    """
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for spec in SOFT.signature(SACConfig(), shape, opponents=False).columns:
        columns[spec.name] = np.zeros((ROWS, *spec.shape), spec.dtype)
    bright, other = rng.random((2, ROWS), np.float32)
    picture = "observation.camera" if "observation.camera" in columns else "observation"
    columns[picture][:] = (255 * (other if earlier else bright))[:, None, None, None]
    if "state" in columns:
        columns["state"][:] = np.round(255 * (bright if earlier else other))[:, None]
    columns["action"][:] = rng.uniform(-1, 1, (ROWS, 1))
    away = columns["action"][:, 0] - (2 * bright - 1)
    columns["n_step_return"][:] = -np.square(away)
    keys = np.arange(ROWS, dtype=np.uint64)
    return FakeBatch(columns, keys, np.full(ROWS, 1 / ROWS), np.ones(ROWS, np.int64), ROWS)


def wrong(one: Any, of: FakeBatch, *, earlier: bool = False) -> float:
    """Mean distance of the policy's greedy action from the best."""
    rows = {name: torch.from_numpy(column) for name, column in of.columns.items()}
    with torch.no_grad():
        greedy = one._actions.greedy(one._outputs(one.network, rows))[:, 0]
    name = "observation.camera" if "observation.camera" in rows else "observation"
    source = rows["state"][:, 0] if earlier else rows[name][:, 0, 0, 0].float()
    return float((greedy - (2 * source / 255 - 1)).abs().mean())


@pytest.mark.slow
@EVERY
def test_a_picture_beside_a_number_is_learned_from(algorithm: str) -> None:
    shape = architecture(algorithm, SEEN)
    one, held_out = learner(algorithm, shape), batch(shape, 1000)
    before = wrong(one, held_out)
    for seed in range(50):
        one.update(batch(shape, seed))
    assert wrong(one, held_out) < 0.7 * before


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["sac", "td3"])
def test_an_earlier_frame_is_learned_from(algorithm: str) -> None:
    shape = architecture(algorithm, CAMERA, frames=2)
    assert shape.state_size == SIDE * SIDE
    one, held_out = learner(algorithm, shape), batch(shape, 1000, earlier=True)
    before = wrong(one, held_out, earlier=True)
    for seed in range(50):
        one.update(batch(shape, seed, earlier=True))
    assert wrong(one, held_out, earlier=True) < 0.7 * before
