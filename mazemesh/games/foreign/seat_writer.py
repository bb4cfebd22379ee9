"""What an environment tells one agent: checked, and written into the row of a seat.

Everything that comes out of an environment passes here, whatever kind it is of, so that nothing
that a network cannot take gets any further; and an error names the environment's own value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from mazemesh.games.foreign.environment import ByteArray
from mazemesh.games.foreign.spaces import Observing, observing

LARGEST = 1e9
"""Of the size of a reward, or of a number in an observation: a gradient in float32 has room for its
square. Larger ones would end the learner, or teach it nothing."""


class SeatWriter:
    """Writes what is told to the agents of one space of observations.

    Of masks there is one rule: an action is legal where `info["action_mask"]`, or the mask that is
    part of the observation, is not 0. Where there is none, or one that forbids everything, as of
    agents that have nothing to choose when an episode is cut off or it is not their turn, every
    action is legal.

    Args:
        space: Of the observations.
        strict: Check that observations lie in their space.
    """

    def __init__(self, space: spaces.Space[Any], *, strict: bool) -> None:
        self.observing: Observing = observing(space)
        self._flatten = self.observing.flattener()
        self._space = space if strict else None

    def see(
        self,
        seen: Any,
        info: Mapping[str, Any],
        vector: npt.NDArray[Any],
        mask: ByteArray,
        whose: str = "its",
    ) -> None:
        """Writes an observation and its mask.

        Args:
            seen: The observation as the environment gives it.
            info: What comes with it.
            vector: Of the seat, [observation_size].
            mask: Of the seat, [num_actions].
            whose: Begins the sentence of an error.

        Raises:
            ValueError: One of them cannot be taken; says why.
        """
        if self._space is not None and not self._space.contains(seen):
            raise ValueError(f"{whose} observation {seen!r} is not in its space {self._space}")
        legal = info.get("action_mask")
        if self.observing.masked:
            seen, legal = seen["observation"], seen["action_mask"]
        self._write(seen, vector, whose)
        _write_mask(legal, mask, whose)

    def _write(self, seen: Any, vector: npt.NDArray[Any], whose: str) -> None:
        values = self._flatten(seen)
        if values.size != vector.size:
            raise ValueError(
                f"{whose} observation has {values.size} elements; its space has {vector.size}"
            )
        if not _is_plain(values, vector):
            _check(values.astype(np.float64), vector.dtype, whose)
        vector[...] = values


def _is_plain(values: npt.NDArray[Any], vector: npt.NDArray[Any]) -> bool:
    """Whether values can be written as they are; a quick test, which fails for some that can."""
    if not values.size:
        return True
    if vector.dtype == np.uint8:
        return values.dtype == np.uint8
    return values.dtype.kind == "f" and float(values.dot(values)) <= LARGEST


def _check(values: npt.NDArray[np.float64], dtype: np.dtype[Any], whose: str) -> None:
    low, high = (0.0, 255.0) if dtype == np.uint8 else (-LARGEST, LARGEST)
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))  # of NaN neither holds
    if wrong.size:
        raise ValueError(
            f"{whose} observation has {values[wrong[0]]} at element {wrong[0]}; it should be "
            f"within {low:g}..{high:g}, which a wrapper of the environment can see to"
        )


def checked_reward(earned: Any, whose: str = "its") -> float:
    """A reward.

    Raises:
        ValueError: It is no number of a size that can be learned from.
    """
    reward = float(earned)
    if not abs(reward) <= LARGEST:
        raise ValueError(
            f"{whose} reward is {reward:g}; it should be within -{LARGEST:g}..{LARGEST:g}, which a "
            "wrapper of the environment can see to"
        )
    return reward


def _write_mask(legal: Any, mask: ByteArray, whose: str) -> None:
    if legal is None:
        mask[...] = 1
        return
    allowed = np.asarray(legal).reshape(-1) != 0
    if allowed.size != mask.size:
        raise ValueError(
            f"{whose} action mask has {allowed.size} entries; its space has {mask.size} actions"
        )
    mask[...] = allowed if allowed.any() else 1
