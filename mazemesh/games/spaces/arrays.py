"""Columns of spaces as numpy arrays: how what a game's seats see and do lies in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Discrete, LeafSpace, Space, columns, single


class Column(NamedTuple):
    """One column: its name, element type, shape of one row, and what may stand there."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    space: LeafSpace


@lru_cache(maxsize=1024)
def observation_columns(space: Space) -> tuple[Column, ...]:
    """Of what a seat sees: "observation", or "observation.<path>" of each leaf."""
    return _columns("observation", space)


@lru_cache(maxsize=1024)
def action_columns(space: Space) -> tuple[Column, ...]:
    """Of what a seat does: "action", or "action.<path>" of each leaf."""
    return _columns("action", space)


@lru_cache(maxsize=1024)
def mask_columns(space: Space) -> tuple[Column, ...]:
    """Of what a seat may do, uint8: "action_mask", or "action_mask.<path>" where there is one."""
    byte = np.dtype(np.uint8)
    named = columns("action_mask", space)
    return tuple(Column(name, byte, (leaf.mask_size,), leaf) for name, leaf in named)


@lru_cache(maxsize=1024)
def state_columns(space: Space) -> tuple[Column, ...]:
    """Of what is told of a whole game: "state", or "state.<path>" of each leaf."""
    return _columns("state", space)


@lru_cache(maxsize=1024)
def action_dtype(space: Space) -> np.dtype[Any]:
    """Element type of an array [games, seats] of actions.

    int8, or int32, where actions are numbers (one `Discrete`). Elsewhere a record without gaps with
    a field for each column, so that `actions["action.steer"]` is [games, seats, ...].
    """
    if isinstance(single(space), Discrete):
        return action_columns(space)[0].dtype
    return np.dtype([(name, dtype, shape) for name, dtype, shape, _ in action_columns(space)])


def pack_actions(
    space: Space,
    actions: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    lead: tuple[int, ...],
    field: str = "actions",
) -> npt.NDArray[Any]:
    """Actions as an array of `action_dtype`.

    Args:
        space: Of the actions.
        actions: By column; or, of one column, its array [*lead, ...]. An array of `action_dtype`
            is passed on as it is.
        lead: Shape without that of a row, such as (games, seats).
        field: Names the value in errors.

    Raises:
        InvalidArgument: a column is missing, too many, or of another shape.
    """
    dtype = action_dtype(space)
    if isinstance(actions, np.ndarray) and actions.dtype == dtype and actions.shape == lead:
        return actions
    wanted = action_columns(space)
    if not isinstance(actions, Mapping):
        if len(wanted) > 1:
            raise InvalidArgument(
                f"{field}: one array; expected one for each of {[c.name for c in wanted]}"
            )
        actions = {wanted[0].name: actions}
    if set(actions) != {column.name for column in wanted}:
        raise InvalidArgument(
            f"{field}: columns {sorted(actions)}; expected {[c.name for c in wanted]}"
        )
    packed = np.zeros(lead, dtype)
    for column in wanted:
        values = np.asarray(actions[column.name])
        if values.shape != (*lead, *column.shape):
            raise InvalidArgument(
                f"{field}: {column.name} has shape {list(values.shape)}; expected "
                f"{[*lead, *column.shape]}"
            )
        (packed[column.name] if dtype.names else packed)[...] = values
    return packed


def unpack_actions(space: Space, actions: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Views of an array of `action_dtype` by column."""
    wanted = action_columns(space)
    if actions.dtype.names is None:
        return {wanted[0].name: actions}
    return {column.name: actions[column.name] for column in wanted}


def _columns(what: str, space: Space) -> tuple[Column, ...]:
    named = columns(what, space)
    return tuple(Column(name, np.dtype(leaf.dtype), leaf.shape, leaf) for name, leaf in named)
