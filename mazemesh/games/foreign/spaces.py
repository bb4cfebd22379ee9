"""From the spaces of Gymnasium to flat vectors and numbered actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.spaces.utils import flatdim, flatten, is_space_dtype_shape_equiv

from mazemesh.errors import InvalidArgument

MAX_ACTIONS = 127
_VECTORS = (spaces.Box, spaces.Discrete, spaces.MultiBinary, spaces.MultiDiscrete)


@dataclass(frozen=True)
class Observing:
    """How observations of a space become vectors.

    Attributes:
        space: The space of what is flattened.
        shape: Its shape, [size] where it has none.
        dtype: uint8 for boxes of uint8, float32 for everything else.
        masked: Whether observations are pairs {"observation", "action_mask"}.
    """

    space: spaces.Space[Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    masked: bool

    @property
    def size(self) -> int:
        """Elements of a vector."""
        return int(flatdim(self.space))

    def flattener(self) -> Callable[[Any], npt.NDArray[Any]]:
        """Makes an observation (without mask) a vector [size], of its own dtype and unchecked."""
        space = self.space
        if isinstance(space, spaces.Box):
            return lambda value: np.asarray(value).reshape(-1)
        return lambda value: np.asarray(flatten(space, value))


def observing(space: spaces.Space[Any]) -> Observing:
    """How a space of observations becomes vectors.

    A pair {"observation", "action_mask"} (PettingZoo's convention) is taken apart. Discrete values
    become one-hot vectors, tuples and dictionaries are concatenated.

    Raises:
        InvalidArgument: the space has no fixed size.
    """
    masked = isinstance(space, spaces.Dict) and set(space.spaces) == {"observation", "action_mask"}
    if isinstance(space, spaces.Dict) and masked:
        space = space["observation"]
    if not space.is_np_flattenable or not _is_vector(space):
        raise InvalidArgument(
            f"its observations are {type(space).__name__}; supported are Box, Discrete, "
            "MultiBinary, MultiDiscrete, and tuples and dictionaries of these"
        )
    bytes_already = isinstance(space, spaces.Box) and space.dtype == np.uint8
    dtype = np.dtype(np.uint8 if bytes_already else np.float32)
    shape = space.shape if isinstance(space, spaces.Box) else (int(flatdim(space)),)
    return Observing(space, tuple(shape or (1,)), dtype, masked)


def numbered_actions(space: spaces.Space[Any]) -> tuple[int, int]:
    """Number of actions, and the environment's own number of the first one.

    Raises:
        InvalidArgument: the actions are not Discrete, or too many.
    """
    if not isinstance(space, spaces.Discrete):
        raise InvalidArgument(
            f"its actions are {type(space).__name__} ({space}); only Discrete ones are supported. "
            "A wrapper of the environment can number those that matter"
        )
    if space.n > MAX_ACTIONS:
        raise InvalidArgument(f"it has {space.n} actions; at most {MAX_ACTIONS} are supported")
    return int(space.n), int(space.start)


def equal(one: spaces.Space[Any], other: spaces.Space[Any]) -> bool:
    """Whether two agents could stand in for each other as far as a space tells."""
    if isinstance(one, spaces.Discrete) and isinstance(other, spaces.Discrete):
        return bool(one.n == other.n)
    return is_space_dtype_shape_equiv(one, other)


def _is_vector(space: spaces.Space[Any]) -> bool:
    if isinstance(space, spaces.Dict):
        return all(map(_is_vector, space.spaces.values()))
    if isinstance(space, spaces.Tuple):
        return all(map(_is_vector, space.spaces))
    return isinstance(space, _VECTORS)
