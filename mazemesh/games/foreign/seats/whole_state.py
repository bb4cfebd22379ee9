"""What a PettingZoo environment's `state()` tells of the whole game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces as gym

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.seats.conversion import Conversion, converted
from mazemesh.games.spaces import Space


class WholeState:
    """The state of one environment.

    Attributes:
        space: What it tells; None where it tells nothing of a fixed size.
    """

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._conversion = _conversion(environment)
        self.space: Space | None = self._conversion.space if self._conversion else None

    def write(self, columns: Sequence[npt.NDArray[Any]]) -> None:
        """Writes the present state, [...] by column; nothing where nobody asked for it.

        Raises:
            ValueError: it is not as its space says, or not finite.
        """
        if not columns or self._conversion is None:
            return
        values = self._conversion.split(self._environment.state())
        for value, column in zip(values, columns, strict=True):
            array = np.asarray(value)
            if array.size != column.size or not np.isfinite(array).all():
                raise ValueError(
                    f"its state has {array.size} elements, expected {column.size} finite ones"
                )
            column[...] = array.reshape(column.shape)


def _conversion(environment: Any) -> Conversion | None:
    # Wrappers pass on what is inside by raising AttributeError for what is not.
    space = getattr(environment, "state_space", None)
    if not isinstance(space, gym.Space):
        return None
    try:
        return converted(space, "its state")
    except InvalidArgument:
        return None
