"""What an environment tells one agent: checked, and written into the row of a seat.

Everything that comes out of an environment passes here, whatever kind it is of, so that nothing
that a network cannot take gets any further; and an error names the environment's own value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces as gym

from mazemesh.games.foreign.seats.conversion import Conversion, converted
from mazemesh.games.foreign.seats.rows import ByteArray, Rows
from mazemesh.games.spaces import Discrete, LeafSpace, MultiBinary, MultiDiscrete, leaves

LARGEST = 1e9
"""Of the size of a reward, or of a number in an observation: a gradient in float32 has room for its
square. Larger ones would end the learner, or teach it nothing."""

MASK = "action_mask"
"""In an info, or in an observation that is a dictionary."""


class SeatWriter:
    """Writes what is told to agents of one space of observations and one of actions.

    Of masks there is one rule: an action is legal where `info["action_mask"]`, or the mask that is
    part of the observation, is not 0. Where there is none, or one that forbids everything, as of
    agents that have nothing to choose when an episode is cut off or it is not their turn, every
    action is legal. Of several choices (`MultiDiscrete`, or choices in tuples and dictionaries) the
    mask has the same form as the action, with an array in place of each choice, or is one array of
    all of them one after the other.

    Args:
        space: Of the observations.
        action_space: Of the actions.
        strict: Check that observations lie in their space.

    Attributes:
        observations: The space of observations, less the mask, as columns.
        actions: The space of actions as columns.
    """

    def __init__(
        self, space: gym.Space[Any], action_space: gym.Space[Any], *, strict: bool
    ) -> None:
        self.actions: Conversion = converted(action_space, "its actions")
        self._space = space if strict else None
        self._masked = _has_mask(space, self.actions)
        self.observations: Conversion = converted(
            without_mask(space, self.actions), "its observations"
        )
        self._action_space = action_space
        found = [leaf.space for leaf in leaves(self.actions.space)]
        self._choosing = [leaf for leaf in found if leaf.mask_size]
        self.use(self.observations)

    def use(self, observations: Conversion) -> None:
        """Writes by another conversion of the same observations, as into a space for all agents."""
        self._split = observations.split
        found = leaves(observations.space)
        several = len(found) > 1
        self._leaves = [(leaf.space, f".{leaf.name}" if several else "") for leaf in found]

    def see(
        self, seen: Any, info: Mapping[str, Any], rows: Rows, row: int, whose: str = "its"
    ) -> None:
        """Writes an observation and its mask.

        Args:
            seen: The observation as the environment gives it.
            info: What comes with it.
            rows: Of the game.
            row: Of the seat.
            whose: Begins the sentence of an error.

        Raises:
            ValueError: One of them cannot be taken; says why.
        """
        if self._space is not None and not self._space.contains(seen):
            raise ValueError(f"{whose} observation {seen!r} is not in its space {self._space}")
        legal = info.get(MASK)
        if self._masked:
            legal = seen[MASK]
        for (leaf, name), value, column in zip(
            self._leaves, self._split(seen), rows.observation, strict=True
        ):
            _write(leaf, value, column, row, whose, name)
        self._write_masks(legal, rows.mask, row, whose)

    def _write_masks(self, legal: Any, masks: Sequence[ByteArray], row: int, whose: str) -> None:
        if legal is None:
            for leaf, mask in zip(self._choosing, masks, strict=True):
                mask[row] = 1
                # An agent that has fewer choices than others still has no more.
                mask[row, leaf.mask_size :] = 0
            return
        sizes = [leaf.mask_size for leaf in self._choosing]
        given = _parts(legal, self._action_space)
        if len(given) == 1 and len(sizes) > 1 and given[0].size == sum(sizes):
            given = np.split(given[0], np.cumsum(sizes)[:-1])
        if len(given) != len(sizes):
            raise ValueError(
                f"{whose} action mask has {len(given)} parts; its space has {len(sizes)} choices"
            )
        for leaf, allowed, mask in zip(self._choosing, given, masks, strict=True):
            if allowed.size != leaf.mask_size:
                raise ValueError(
                    f"{whose} action mask has {allowed.size} entries; its space has "
                    f"{leaf.mask_size} actions"
                )
            mask[row] = 0
            begin = 0
            for count in leaf.counts if isinstance(leaf, MultiDiscrete) else (leaf.mask_size,):
                part = allowed[begin : begin + count]
                mask[row, begin : begin + count] = part if part.any() else 1
                begin += count


def without_mask(space: gym.Space[Any], actions: Conversion) -> gym.Space[Any]:
    """The space of observations less the mask that is part of it."""
    if not _has_mask(space, actions):
        return space
    assert isinstance(space, gym.Dict)
    rest = {key: part for key, part in space.spaces.items() if key != MASK}
    return gym.Dict(list(rest.items()))


def _has_mask(space: gym.Space[Any], actions: Conversion) -> bool:
    """Whether observations are dictionaries with a mask, as is PettingZoo's convention."""
    if not isinstance(space, gym.Dict) or MASK not in space.spaces or len(space.spaces) < 2:
        return False
    mask = space[MASK]
    entries = sum(leaf.space.mask_size for leaf in leaves(actions.space))
    plain = isinstance(mask, gym.Box | gym.MultiBinary)
    return not plain or int(np.prod(mask.shape or ())) == entries


def _parts(legal: Any, space: gym.Space[Any]) -> list[npt.NDArray[np.bool_]]:
    """The masks of an action's choices, in order."""
    if isinstance(legal, Mapping) and isinstance(space, gym.Dict):
        return [
            part
            for key, inner in space.spaces.items()
            for part in (_parts(legal[key], inner) if key in legal else [])
        ]
    if isinstance(legal, tuple) and isinstance(space, gym.Tuple):
        return [
            part
            for inner_legal, inner in zip(legal, space.spaces, strict=True)
            if inner_legal is not None
            for part in _parts(inner_legal, inner)
        ]
    several = isinstance(legal, tuple | list) and isinstance(space, gym.MultiDiscrete)
    if several and any(np.ndim(part) for part in legal):
        return [np.concatenate([np.asarray(part).reshape(-1) for part in legal]) != 0]
    return [np.asarray(legal).reshape(-1) != 0]


def _write(
    leaf: LeafSpace, value: Any, column: npt.NDArray[Any], row: int, whose: str, name: str
) -> None:
    values = np.asarray(value)
    if values.size != leaf.size and not isinstance(leaf, Discrete):
        raise ValueError(
            f"{whose} observation{name} has {values.size} elements; its space has {leaf.size}"
        )
    if not _is_plain(leaf, values, column.dtype):
        _check(leaf, values.astype(np.float64).reshape(-1), column.dtype, whose, name)
    column[row] = values.reshape(column.shape[1:])


def _is_plain(leaf: LeafSpace, values: npt.NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether values can be written as they are; a quick test, which fails for some that can."""
    if isinstance(leaf, Discrete | MultiDiscrete | MultiBinary):
        return False
    if dtype.kind != "f":
        return values.dtype == dtype
    if values.dtype.kind != "f":
        return False
    flat = values.reshape(-1)
    return float(flat.dot(flat)) <= LARGEST


def _check(
    leaf: LeafSpace,
    values: npt.NDArray[np.float64],
    dtype: np.dtype[Any],
    whose: str,
    name: str,
) -> None:
    low, high = _limits(leaf, dtype)
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))  # of NaN neither holds
    if wrong.size:
        at = int(wrong[0])
        top = float(np.broadcast_to(high, values.shape)[at])
        raise ValueError(
            f"{whose} observation{name} has {values[at]} at element {at}; it should be within "
            f"{low:g}..{top:g}, which a wrapper of the environment can see to"
        )


def _limits(leaf: LeafSpace, dtype: np.dtype[Any]) -> tuple[float, Any]:
    match leaf:
        case Discrete(n=count):
            return 0.0, float(count - 1)
        case MultiDiscrete(counts=counts):
            return 0.0, np.array(counts, np.float64) - 1.0
        case MultiBinary():
            return 0.0, 1.0
        case _:
            if dtype.kind == "f":
                return -LARGEST, LARGEST
            info = np.iinfo(dtype)
            return float(info.min), float(info.max)


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
