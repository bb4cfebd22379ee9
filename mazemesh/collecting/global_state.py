"""What is told of whole games, for a central critic: as arrays that are cut like observations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.experience import GLOBAL_STATE

Array = npt.NDArray[Any]

NOT_TOLD: Array = np.zeros((0, 0), np.float32)
"""In the place of states that no session was asked for."""


def packed(states: Mapping[str, Array]) -> Array:
    """States [games, ...] of one array; of several columns a record with a field for each."""
    if not states:
        return NOT_TOLD
    if len(states) == 1:
        return next(iter(states.values()))
    fields = [(name, column.dtype, column.shape[1:]) for name, column in states.items()]
    found = np.empty(len(next(iter(states.values()))), fields)
    for name, column in states.items():
        found[name] = column
    return found


def columns(state: Array, which: str = "") -> dict[str, Array]:
    """Columns of experience of packed states; their names begin with `which`."""
    if not state.size:
        return {}
    if state.dtype.names is None:
        return {f"{which}{GLOBAL_STATE}": state}
    return {
        f"{which}{GLOBAL_STATE}{name.removeprefix('state')}": np.ascontiguousarray(state[name])
        for name in state.dtype.names
    }
