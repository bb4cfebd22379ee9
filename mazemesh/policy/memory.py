"""What policies with memory remember, seat by seat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.policy.onnx_policy import no_state

Float = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


class SeatMemory:
    """States of the policies that hold the seats of n games; zeros at an episode's beginning.

    Seats may be held by policies of different state sizes; those without memory take no room.
    """

    def __init__(self, games: int, seats: int) -> None:
        self._states = np.zeros((games, seats, 0), np.float32)

    def read(self, games: Indices, seats: Indices, size: int) -> Float:
        """States float32 [rows, size] of the seats [rows] of games [rows]."""
        if not size:
            return no_state(len(games))
        missing = size - self._states.shape[2]
        if missing > 0:
            self._states = np.pad(self._states, ((0, 0), (0, 0), (0, missing)))
        return self._states[games, seats, :size]

    def write(self, games: Indices, seats: Indices, state: Float) -> None:
        """Keeps the states [rows, size] until the next step."""
        if state.shape[1]:
            self._states[games, seats, : state.shape[1]] = state

    def forget(self, games: npt.NDArray[np.integer]) -> None:
        """Begins new episodes."""
        if self._states.shape[2]:
            self._states[games] = 0.0
