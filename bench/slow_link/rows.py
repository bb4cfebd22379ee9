"""Rows as an actor writes them: unrolls of races, by random play."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.experience import unroll_signature
from mazemesh.games import get_game
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.wire.tensors import Signature

Columns = dict[str, npt.NDArray[Any]]

LENGTH = 16


def signature() -> Signature:
    """Of the rows."""
    spec = get_game("race").spec()
    return unroll_signature(LENGTH, spec.observation_size, spec.num_actions, opponents=True)


def unrolls(rows: int, batches: int) -> list[Columns]:
    """Batches of `rows` unrolls of the first seat."""
    game = get_game("race")
    engine = BatchEngine(game, None, rows)
    engine.reset(seed=1, game_id=np.arange(rows))
    rng = np.random.default_rng(1)
    played = [_unroll(engine, rng) for _ in range(batches)]
    engine.close()
    return played


def _unroll(engine: BatchEngine, rng: np.random.Generator) -> Columns:
    steps: dict[str, list[npt.NDArray[Any]]] = {}
    rows = engine.num_games
    for _ in range(LENGTH):
        seen = {
            "observation": engine.observation[:, 0].copy(),
            "action_mask": engine.action_mask[:, 0].copy(),
        }
        actions = rng.integers(0, engine.spec.num_actions, engine.taken.shape, dtype=np.int8)
        engine.step(actions)
        seen |= {
            "action": actions[:, 0],
            "behaviour_log_probability": rng.normal(size=rows).astype(np.float32),
            "reward": engine.reward[:, 0].copy(),
            "terminated": engine.terminated.copy(),
            "truncated": engine.truncated.copy(),
            "success": engine.terminated & (engine.reward[:, 0] > 0),
            "bootstrap_value": np.zeros(rows, np.float32),
            "opponent": rng.integers(0, 2**63, 8, dtype=np.uint64)[np.arange(rows) % 8],
        }
        for name, column in seen.items():
            steps.setdefault(name, []).append(column)
    columns: Columns = {name: np.stack(each, axis=1) for name, each in steps.items()}
    columns["last_observation"] = engine.observation[:, 0].copy()
    columns["last_action_mask"] = engine.action_mask[:, 0].copy()
    return columns
