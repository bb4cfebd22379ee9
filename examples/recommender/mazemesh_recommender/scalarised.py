"""One reward from several: weights, stated or by the name of a situation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, SupportsFloat

import gymnasium
import numpy as np

from mazemesh_recommender.environment import OBJECTIVES, SlateEnv

MODES: Final[Mapping[str, tuple[float, float, float]]] = {
    "balanced": (1.0, 1.0, 0.5),
    "revenue-focused": (0.2, 3.0, 0.0),
    "discovery": (0.5, 0.5, 2.0),
}
"""Weights of clicks, dwell and diversity; advertisers pay for minutes."""


class LinearReward(gymnasium.Wrapper[Any, Any, Any, Any]):
    """The reward is a weighted sum; the vector is `info["vector_reward"]`, as in MO-Gymnasium.

    Args:
        env: With vector rewards.
        weights: Of `OBJECTIVES`.
    """

    def __init__(self, env: SlateEnv, weights: Sequence[float]) -> None:
        super().__init__(env)
        self.weights = np.asarray(weights, np.float64)
        if self.weights.shape != (len(OBJECTIVES),) or not np.isfinite(self.weights).all():
            raise ValueError(f"weights: {weights} should be {len(OBJECTIVES)} numbers")

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """See `SlateEnv.step`."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        vector = np.asarray(reward, np.float64)
        info["vector_reward"] = vector
        return seen, float(self.weights @ vector), terminated, truncated, info


def make(mode: str = "balanced", weights: Sequence[float] | None = None, **slates: Any) -> Any:
    """What mazemesh plays: `recommender`, `recommender?slate=4&mode=discovery`.

    Args:
        mode: One of `MODES`.
        weights: Instead of a mode.
        **slates: As `SlateEnv` has them.
    """
    if weights is None and mode not in MODES:
        raise ValueError(f"mode: {mode!r} is unknown; there are {', '.join(MODES)}")
    return LinearReward(SlateEnv(**slates), MODES[mode] if weights is None else weights)
