"""One reward from several: weights, stated or by the name of a situation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pettingzoo.utils.wrappers import BaseParallelWrapper

from mazemesh_radio.environment import OBJECTIVES, Infos, Observations, RadioNetwork

MODES: Final[Mapping[str, tuple[float, float, float]]] = {
    "balanced": (1.0, 1.0, 1.0),
    "emergency": (0.2, 3.0, 0.2),
    "revenue-focused": (3.0, 0.2, 0.2),
    "energy-saving": (0.5, 0.5, 4.0),
}
"""Weights of throughput, fairness and energy."""


class LinearRewards(BaseParallelWrapper[str, Any, Any]):
    """Rewards are weighted sums; the vector is `info["vector_reward"]`, as in MO-Gymnasium.

    Args:
        network: With vector rewards.
        weights: Of `OBJECTIVES`.
    """

    def __init__(self, network: RadioNetwork, weights: Sequence[float]) -> None:
        super().__init__(network)
        self.weights = np.asarray(weights, np.float64)
        if self.weights.shape != (len(OBJECTIVES),) or not np.isfinite(self.weights).all():
            raise ValueError(f"weights: {weights} should be {len(OBJECTIVES)} numbers")
        self.network = network

    def step(
        self, actions: dict[str, npt.NDArray[np.float32]]
    ) -> tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """See `RadioNetwork.step`."""
        seen, vectors, terminated, truncated, infos = self.network.step(actions)
        for agent, vector in vectors.items():
            infos[agent]["vector_reward"] = vector
        rewards = {agent: float(self.weights @ vector) for agent, vector in vectors.items()}
        return seen, rewards, terminated, truncated, infos


def make(mode: str = "balanced", weights: Sequence[float] | None = None, **network: Any) -> Any:
    """What mazemesh plays: `radio-5g`, `radio-5g?cells=7&mode=emergency`.

    Args:
        mode: One of `MODES`.
        weights: Instead of a mode.
        **network: As `RadioNetwork` has them.
    """
    if weights is None and mode not in MODES:
        raise ValueError(f"mode: {mode!r} is unknown; there are {', '.join(MODES)}")
    return LinearRewards(RadioNetwork(**network), MODES[mode] if weights is None else weights)
