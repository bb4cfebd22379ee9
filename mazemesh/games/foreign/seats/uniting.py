"""Agents whose spaces differ, in one space for all (docs/adr, "trees of columns")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.seats.conversion import Conversion, Values
from mazemesh.games.spaces import Box, Dict, Discrete, LeafSpace, MultiBinary, Space, leaves

INDICATOR = "agent"
"""Column that tells which of the different spaces is meant."""


@dataclass(frozen=True)
class United:
    """One space for all, and how each agent's own goes into it.

    Attributes:
        space: For all.
        agents: Of each agent: its own values -> those of `space`, and back.
    """

    space: Space
    agents: tuple[Conversion, ...]


def united_observations(agents: Sequence[Conversion]) -> United:
    """A space that holds what every agent sees.

    Where all see alike it is theirs. Otherwise it has two columns: "observation", boxes of one
    element type and as many dimensions padded with zeros to the largest, anything else one vector
    of float32, padded; and "agent", the number of the agent's own space among the different ones.
    """
    kinds = list(dict.fromkeys(agent.space for agent in agents))
    if len(kinds) == 1:
        return United(kinds[0], tuple(agents))
    boxes = [kind for kind in kinds if isinstance(kind, Box)]
    alike = len(boxes) == len(kinds) and len({(b.dtype, len(b.shape)) for b in boxes}) == 1
    common = _largest(boxes) if alike else _longest(kinds)
    space = Dict((("observation", common), (INDICATOR, Discrete(len(kinds)))))
    place = _padder(common) if alike else _flattener(common)
    return United(
        space, tuple(_seeing(agent, space, kinds.index(agent.space), place) for agent in agents)
    )


def united_actions(agents: Sequence[Conversion], names: Sequence[Any]) -> United:
    """A space in which every agent can act.

    Where all act alike it is theirs. Otherwise all choose from the longest list, of which an
    agent's mask forbids what it does not have; or all give as many numbers as the longest box,
    within the widest bounds, of which an agent takes its own into its own bounds.

    Raises:
        InvalidArgument: they are neither all Discrete nor all Box of one element type.
    """
    kinds = list(dict.fromkeys(replace_start(agent.space) for agent in agents))
    if len(kinds) == 1:
        return United(agents[0].space, tuple(agents))
    if all(isinstance(kind, Discrete) for kind in kinds):
        most = max(kind.n for kind in kinds if isinstance(kind, Discrete))
        return United(Discrete(most), tuple(replace(a, space=Discrete(most)) for a in agents))
    boxes = [kind for kind in kinds if isinstance(kind, Box)]
    if len(boxes) == len(kinds) and len({box.dtype for box in boxes}) == 1:
        common = _longest(kinds, dtype=boxes[0].dtype)
        return United(common, tuple(_acting(agent, common) for agent in agents))
    other = next(i for i, a in enumerate(agents) if type(a.space) is not type(agents[0].space))
    raise InvalidArgument(
        f"agents {names[0]} and {names[other]} differ in the kind of their actions "
        f"({_kind(agents[0].space)} and {_kind(agents[other].space)}); all seats of a game should "
        "choose, or all give numbers, as one policy may hold any"
    )


def replace_start(space: Space) -> Space:
    """The same choices, counted from 0: agents may number them from elsewhere."""
    return Discrete(space.n) if isinstance(space, Discrete) else space


def _kind(space: Space) -> str:
    return type(space).__name__


def _largest(boxes: Sequence[Box]) -> Box:
    shape = tuple(max(sides) for sides in zip(*(box.shape for box in boxes), strict=True))
    low, high = _widest(boxes)
    return Box((min(low, 0.0),), (max(high, 0.0),), shape, boxes[0].dtype)


def _longest(kinds: Sequence[Space], dtype: str = "float32") -> Box:
    boxes = [leaf.space for kind in kinds for leaf in leaves(kind) if isinstance(leaf.space, Box)]
    low, high = _widest(boxes) if boxes else (0.0, 1.0)
    if len(boxes) < sum(len(leaves(kind)) for kind in kinds):
        low, high = min(low, 0.0), max(high, 1.0)  # of one-hot vectors
    size = max(sum(_flat_size(leaf.space) for leaf in leaves(kind)) for kind in kinds)
    return Box((low,), (high,), (size,), dtype)


def _widest(boxes: Sequence[Box]) -> tuple[float, float]:
    return min(min(box.low) for box in boxes), max(max(box.high) for box in boxes)


def _flat_size(leaf: LeafSpace) -> int:
    return leaf.size if isinstance(leaf, Box | MultiBinary) else leaf.mask_size


Placing = Callable[[Conversion, Values], npt.NDArray[Any]]


def _padder(common: Box) -> Placing:
    def place(agent: Conversion, values: Values) -> npt.NDArray[Any]:
        value = np.asarray(values[0])
        # Of the value's own element type: what does not fit the column is seen when it is written.
        padded = np.zeros(common.shape, value.dtype)
        padded[tuple(map(slice, value.shape))] = value
        return padded

    return place


def _flattener(common: Box) -> Placing:
    def place(agent: Conversion, values: Values) -> npt.NDArray[Any]:
        padded = np.zeros(common.shape, np.float64)
        begin = 0
        for leaf, value in zip(leaves(agent.space), values, strict=True):
            flat = _flat(leaf.space, value)
            padded[begin : begin + flat.size] = flat
            begin += flat.size
        return padded

    return place


def _flat(leaf: LeafSpace, value: Any) -> npt.NDArray[Any]:
    if isinstance(leaf, Box | MultiBinary):
        return np.asarray(value).reshape(-1)
    counts = [leaf.n] if isinstance(leaf, Discrete) else leaf.counts
    choices = np.asarray(value).reshape(-1)
    flat = np.zeros(sum(counts), np.float64)
    flat[np.cumsum([0, *counts[:-1]]) + choices] = 1.0
    return flat


def _seeing(agent: Conversion, space: Space, kind: int, place: Placing) -> Conversion:
    def split(value: Any) -> Values:
        return [place(agent, agent.split(value)), kind]

    return Conversion(space, split, agent.join)


def _acting(agent: Conversion, common: Box) -> Conversion:
    own = agent.space
    assert isinstance(own, Box)
    low, high = (np.array(side, np.float64) for side in (own.low, own.high))

    def join(values: Iterator[Any]) -> Any:
        mine = np.asarray(next(values))[: own.size]
        return agent.join(iter([np.clip(mine, low, high).astype(own.dtype).reshape(own.shape)]))

    return Conversion(common, agent.split, join)
