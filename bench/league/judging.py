"""How well policies of Blotto do: exactly, from how often they choose each way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.league.blotto import PAYOFFS, WAYS
from bench.league.training import GAME
from bench.turns.judging import served
from mazemesh.policy.cache import fetch_policy

Floats = NDArray[np.float64]

SCORES: Floats = (PAYOFFS + 1.0) / 2.0
"""Of the row's way against the column's: 1, 1/2 or 0 [21, 21]."""


def ways(data: Path, *names: str) -> list[Floats]:
    """How often the newest versions of policies in a data folder choose each way, [21] each."""
    with served(data, GAME) as (model, _):
        return [_ways(fetch_policy(model, name).infer) for name in names]


def _ways(infer: Callable[..., Any]) -> Floats:
    logits = infer(np.zeros((1, 1), np.float32), np.ones((1, len(WAYS)), np.uint8))[0][0]
    odds = np.exp(logits - logits.max()).astype(np.float64)
    return np.asarray(odds / odds.sum(), np.float64)


def score(one: Floats, other: Floats) -> float:
    """Mean score of one against the other: a win is 1, a draw 1/2."""
    return float(one @ SCORES @ other)


def exploitability(one: Floats) -> float:
    """Mean score of the best answer to it; 1/2 of a policy that has no weakness."""
    return float((SCORES @ one).max())
