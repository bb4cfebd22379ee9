"""Errors and lengths of gates by simulation, beside what theory says of them."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from services.elo.gate.sequential import NOTHING, SCALE, Finding, Hypotheses, Verdict, go_on

_BASE = (0.04, 0.22, 0.44, 0.26, 0.04)
"""Shares of the five scores of two games, about as mazes have them, before they are tilted."""

_AT_ONCE = 64


def measure(gates: int, elo1: float) -> dict[str, Any]:
    """Gates whose candidate is as good as either bound, and in the middle, where they last."""
    began = time.perf_counter()
    hypotheses = Hypotheses(elo0=0.0, elo1=elo1, cap=1_000_000)
    at0, at1, middle = (_played(hypotheses, elo, gates) for elo in (0.0, elo1, elo1 / 2.0))
    # Wald's walk with drift at neither bound: log(19)^2 over the variance of a step.
    worst = 8.67 / (math.sqrt(2.0) * elo1 / SCALE) ** 2
    mean = float(np.mean([one.matches for one in middle]))
    return {
        "what": "gate",
        "alpha": round(float(np.mean([one.verdict is Verdict.PASSED for one in at0])), 4),
        "beta": round(float(np.mean([one.verdict is Verdict.FAILED for one in at1])), 4),
        "error_of_both": round(math.sqrt(0.05 * 0.95 / gates), 4),
        "mean_pairs": round(mean, 1),
        "theory_pairs": round(worst, 1),
        "mean_pairs_at_bounds": [
            round(float(np.mean([one.matches for one in found])), 1) for found in (at0, at1)
        ],
        "elo1": elo1,
        "gates": gates,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _played(hypotheses: Hypotheses, elo: float, gates: int) -> list[Finding]:
    rng = np.random.default_rng(round(1000 * elo) + 1)
    shares = shares_at(hypotheses, elo)
    found = []
    for _ in range(gates):
        gate = NOTHING
        while gate.verdict is Verdict.RUNNING:
            gate = go_on(hypotheses, gate, rng.choice(hypotheses.scores, _AT_ONCE, p=shares))
        found.append(gate)
    return found


def shares_at(hypotheses: Hypotheses, elo: float) -> npt.NDArray[np.float64]:
    """Shares of the scores of a match with that normalized Elo: the base, tilted."""
    scores, base = hypotheses.scores, np.array(_BASE)
    low, high = -20.0, 20.0
    for _ in range(100):
        tilt = (low + high) / 2.0
        shares = base * np.exp(tilt * scores)
        shares /= shares.sum()
        mean = float(shares @ scores)
        deviation = math.sqrt(float(shares @ (scores - mean) ** 2))
        if (mean - 0.5) / deviation * SCALE / math.sqrt(hypotheses.games) < elo:
            low = tilt
        else:
            high = tilt
    return shares
