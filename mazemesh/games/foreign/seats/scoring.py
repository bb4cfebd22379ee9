"""Scores of games that only know returns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def scores(returns: FloatArray, reward_threshold: float | None) -> FloatArray:
    """Outcome in 0..1 by seat, from the returns [seats] of an episode.

    A lone seat has solved the game, 1, when its return reaches the environment's own
    `reward_threshold`, and has not, 0, otherwise (always, where the environment has none). Several
    seats get the share of the others whose return is lower, equal ones counting half: 1, 0.5 and
    0 for two.
    """
    seats = len(returns)
    if seats == 1:
        solved = reward_threshold is not None and float(returns[0]) >= reward_threshold
        return np.array([solved], np.float32)
    lower = (returns[:, None] > returns).sum(axis=1)
    equal = (returns[:, None] == returns).sum(axis=1) - 1
    shares: FloatArray = ((lower + equal / 2) / (seats - 1)).astype(np.float32)
    return shares
