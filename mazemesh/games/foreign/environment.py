"""What a worker asks of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.games.foreign.description import Description

ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


RUNNING, TERMINATED, TRUNCATED, GONE = range(4)
"""What a step was to a seat: its agent goes on, ended by it in one way or the other, or had left
before it. The numbers are those of `GamesStep.seat_status` in game.proto."""


class Environment(Protocol):
    """One game of some agents, numbered from 0; what it sees and earns is written into arrays.

    `seat[a]` is the row of agent a. An agent that has left sees zeros, may do anything and earns
    nothing.
    """

    description: Description

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """Begins an episode: observation [seats, D] and mask uint8 [seats, A] are written."""

    def step(
        self,
        actions: Sequence[int],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
        reward: FloatArray,
        status: ByteArray,
    ) -> bool:
        """Plays one step of actions [seats], by row; returns whether the episode is over.

        Also written are reward [seats] and what the step was to each seat: status [seats].
        """

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """By row, whether it did what the game is about; rows of which nothing is told are absent.

        Told by `is_success` in an info of the last step.
        """
        ...

    def close(self) -> None:
        """Frees what the environment holds."""
