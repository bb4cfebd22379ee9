"""Noise that explores with continuous actions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]


class CorrelatedNoise:
    """Standard normal noise that goes on from step to step: x_t = c x_(t-1) + (1 - c^2)^(1/2) xi_t.

    An autoregressive process of order 1 (Wawrzynski 2015): where single moves lead nowhere, it
    explores by whole stretches. It does not begin anew with an episode.

    Args:
        games: B.
        seats: That are collected from in a game at most.
        correlation: c; 0 is white noise.
        rng: Source of the draws.
    """

    def __init__(
        self, games: int, seats: int, correlation: float, rng: np.random.Generator
    ) -> None:
        self._shape, self._rng = (games, seats), rng
        self._kept = np.float32(correlation)
        self._fresh = np.float32(np.sqrt(1 - correlation**2))
        self._last: Float | None = None

    def next(self, games: npt.NDArray[np.intp], width: int) -> Float:
        """Noise float32 [n, width] of n seats of games [n], which are ascending."""
        drawn = self._rng.standard_normal((len(games), width), np.float32)
        if not self._kept:
            return drawn
        if self._last is None:
            self._last = self._rng.standard_normal((*self._shape, width), np.float32)
        # The seats of a game lie beside each other: each is its game's first, second, ...
        seat = np.arange(len(games)) - np.searchsorted(games, games)
        noise: Float = self._kept * self._last[games, seat] + self._fresh * drawn
        self._last[games, seat] = noise
        return noise
