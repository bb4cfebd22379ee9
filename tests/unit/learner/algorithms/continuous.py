"""A small problem with continuous actions, and learners of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from learner.algorithms.algorithm import Start
from learner.algorithms.registry import find
from learner.device.place import Place
from learner.network.architecture import Architecture, Spaces
from learner.network.gradients.descent import ALONE
from learner.network.networks import make
from learner.network.parts.encoding import Encoding
from mazemesh.games.spaces import Box
from tests.unit.learner.fakes import FakeBatch

CPU = Place()
OBSERVATION = Box((-10.0,), (10.0,), (3,))
ACTION = Box((-2.0, 0.0), (2.0, 1.0), (2,))
"""Two elements, whose middles are 0 and 0.5 and reaches 2 and 0.5."""


def architecture(algorithm: str, hidden: tuple[int, ...] = (16,)) -> Architecture:
    """Of a policy on the spaces above, as the algorithm wants it."""
    method = find(algorithm)
    return Architecture(
        method.head,
        3,
        0,
        hidden,
        observation_dtype="float32",
        spaces=Spaces(OBSERVATION, ACTION),
        encoding=Encoding(value="shared"),
        actions=method.actions,
        state_std=method.state_std,
    )


def learner(algorithm: str, config: Any, *, seed: int = 0, hidden: tuple[int, ...] = (16,)) -> Any:
    """What learns them."""
    shape = architecture(algorithm, hidden)
    parameters = make(shape, seed).parameters_as_arrays()
    return find(algorithm).build(Start(shape, parameters, config, CPU, seed, ALONE))


def transitions(rows: int, seed: int = 0) -> FakeBatch:
    """Rows of random states and legal actions; a third of them terminate."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Any:
        return rng.normal(size=shape).astype(np.float32)

    low, high = np.float32([-2.0, 0.0]), np.float32([2.0, 1.0])
    columns = {
        "observation": normal(rows, 3),
        "action": (low + (high - low) * rng.random((rows, 2), np.float32)).astype(np.float32),
        "n_step_return": normal(rows),
        "bootstrap_discount": np.where(rng.random(rows) < 0.3, 0.0, 0.9).astype(np.float32),
        "next_observation": normal(rows, 3),
    }
    keys = np.arange(rows, dtype=np.uint64)
    return FakeBatch(columns, keys, np.full(rows, 1 / rows), np.ones(rows, np.int64), rows)


def reaching(rows: int, seed: int) -> FakeBatch:
    """One-step episodes: (a - middle) / reach should be s / 2, and costs the square of the rest."""
    batch = transitions(rows, seed)
    columns: Any = batch.columns
    columns["observation"] = np.clip(columns["observation"], -1.5, 1.5)
    scaled = (columns["action"] - np.float32([0.0, 0.5])) / np.float32([2.0, 0.5])
    away = scaled - columns["observation"][:, :2] / 2
    columns["n_step_return"] = -np.square(away).sum(axis=1)
    columns["bootstrap_discount"] = np.zeros(rows, np.float32)
    return batch
