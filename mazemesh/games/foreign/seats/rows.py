"""The rows of one game: where an environment writes what its agents see and earn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Of a game of s seats.

    Attributes:
        observation: By column [s, ...].
        mask: By column uint8 [s, entries].
        acting: bool [s], who has a move in the next step.
        reward: float32 [s], of the last step.
        status: uint8 [s], what the last step was to each seat.
        state: By column [...], of the whole game; empty where nobody asked for it.
    """

    observation: tuple[npt.NDArray[Any], ...]
    mask: tuple[ByteArray, ...]
    acting: BoolArray
    reward: FloatArray
    status: ByteArray
    state: tuple[npt.NDArray[Any], ...] = ()

    def leave(self, row: int) -> None:
        """Shows nothing to a seat that has no agent: zeros, and every action."""
        for column in self.observation:
            column[row] = 0
        for mask in self.mask:
            mask[row] = 1
        self.acting[row] = False
