"""Spaces of Gymnasium <-> trees of columns: what a value is column by column, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces as gym

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import (
    MOST_BOUNDS,
    Box,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    check_space,
)

LONGEST_TEXT = 256
"""Bytes of a text that are shown, where its space does not say how long it may be: 128."""
_UNKNOWN_TEXT = 128

_SMALL = {"uint8", "int8", "uint16", "int16", "int32", "float32"}
_OTHER_NAME = re.compile(r"[^A-Za-z0-9_-]")

Values = list[Any]


@dataclass(frozen=True)
class Conversion:
    """A space of an environment as columns.

    Attributes:
        space: The columns.
        split: A value of the environment -> the values of its columns, in order, unchecked; numbers
            count from 0.
        join: The values of columns, in order -> a value of the environment.
    """

    space: Space
    split: Callable[[Any], Values]
    join: Callable[[Iterator[Any]], Any]


def converted(space: gym.Space[Any], whose: str) -> Conversion:
    """A space as columns.

    Args:
        space: Of the environment.
        whose: Begins the error's sentence: "its actions".

    Raises:
        InvalidArgument: It has no columns of fixed size, or they are too many or too large.
    """
    conversion = _converted(space, whose)
    check_space(conversion.space, whose)
    return conversion


def _converted(space: gym.Space[Any], whose: str) -> Conversion:
    if isinstance(space, gym.Box):
        return _box(space, whose)
    if isinstance(space, gym.Discrete):
        return _discrete(space)
    if isinstance(space, gym.MultiDiscrete):
        return _multi_discrete(space)
    if isinstance(space, gym.MultiBinary):
        return _multi_binary(space)
    if isinstance(space, gym.Dict):
        return _dict(space, whose)
    if isinstance(space, gym.Tuple):
        return _tuple(space, whose)
    if isinstance(space, gym.Text) or (space.dtype is not None and space.dtype.kind == "U"):
        return _text(space)
    raise InvalidArgument(
        f"{whose} are {type(space).__name__}; supported are Box, Discrete, MultiDiscrete, "
        "MultiBinary, Text, and tuples and dictionaries of these, which have a fixed size"
    )


def _box(space: gym.Box, whose: str) -> Conversion:
    own = np.dtype(space.dtype)
    if own.kind not in "fiub":
        raise InvalidArgument(f"{whose} are a Box of {own}; its elements should be numbers")
    dtype = own.name if own.name in _SMALL else "float32"
    if own.kind in "iu" and own.name not in _SMALL:
        dtype = "int32"
    if own.kind == "b":
        dtype = "uint8"
    low, high = _side(space.low, dtype, min), _side(space.high, dtype, max)
    if len(low) != len(high):
        size = math.prod(space.shape)
        low, high = (side * size if len(side) == 1 else side for side in (low, high))
    if len(low) > MOST_BOUNDS:
        low, high = (min(low),), (max(high),)
    box = Box(low, high, tuple(space.shape), dtype)

    def join(values: Iterator[Any]) -> npt.NDArray[Any]:
        value = np.asarray(next(values))
        if dtype != own.name:
            # What was rounded may lie beyond the bounds by as much.
            value = np.clip(value.astype(own), space.low, space.high)
        return np.array(value, own).reshape(space.shape)

    return Conversion(box, lambda value: [value], join)


def _side(
    bounds: npt.NDArray[Any], dtype: str, widest: Callable[[float, float], float]
) -> tuple[float, ...]:
    """Bounds within the element type, one where all are the same."""
    values = bounds.astype(np.float64)
    if dtype != "float32":
        info = np.iinfo(dtype)
        values = values.clip(info.min, info.max)
    if values.size == 0:
        return (0.0,)
    first = float(values.flat[0])
    return (first,) if (values == first).all() else tuple(values.reshape(-1).tolist())


def _discrete(space: gym.Discrete) -> Conversion:
    start = int(space.start)
    return Conversion(
        Discrete(int(space.n), start),
        lambda value: [int(value) - start],
        lambda values: start + int(next(values)),
    )


def _multi_discrete(space: gym.MultiDiscrete) -> Conversion:
    starts = np.asarray(space.start)
    flat = tuple(map(int, starts.reshape(-1)))
    parts = MultiDiscrete(tuple(map(int, space.nvec.reshape(-1))), flat if any(flat) else ())
    return Conversion(
        parts,
        lambda value: [np.asarray(value) - starts],
        lambda values: (np.asarray(next(values)).reshape(starts.shape) + starts).astype(
            space.dtype
        ),
    )


def _multi_binary(space: gym.MultiBinary) -> Conversion:
    return Conversion(
        MultiBinary(tuple(space.shape)),
        lambda value: [value],
        lambda values: np.asarray(next(values), space.dtype).reshape(space.shape),
    )


def _text(space: gym.Space[Any]) -> Conversion:
    """Bytes of UTF-8, zeros behind; what is longer is cut."""
    length = min(int(getattr(space, "max_length", _UNKNOWN_TEXT)), LONGEST_TEXT)

    def split(value: Any) -> Values:
        text = str(value).encode()[:length]
        return [np.frombuffer(text.ljust(length, b"\0"), np.uint8)]

    def join(values: Iterator[Any]) -> str:
        return bytes(next(values)).rstrip(b"\0").decode(errors="replace")

    return Conversion(Box((0.0,), (255.0,), (length,), "uint8"), split, join)


def _dict(space: gym.Dict, whose: str) -> Conversion:
    keys = list(space.spaces)
    parts = [_converted(space[key], f"{whose} at {key!r}") for key in keys]
    names = [_OTHER_NAME.sub("_", str(key))[:32] or "_" for key in keys]

    def split(value: Any) -> Values:
        return [
            leaf for key, part in zip(keys, parts, strict=True) for leaf in part.split(value[key])
        ]

    def join(values: Iterator[Any]) -> dict[Any, Any]:
        return {key: part.join(values) for key, part in zip(keys, parts, strict=True)}

    named = tuple(zip(names, (part.space for part in parts), strict=True))
    return Conversion(Dict(named), split, join)


def _tuple(space: gym.Tuple[Any], whose: str) -> Conversion:
    parts = [_converted(part, f"{whose} at {index}") for index, part in enumerate(space.spaces)]

    def split(value: Any) -> Values:
        return [leaf for own, part in zip(value, parts, strict=True) for leaf in part.split(own)]

    def join(values: Iterator[Any]) -> tuple[Any, ...]:
        return tuple(part.join(values) for part in parts)

    return Conversion(Tuple(tuple(part.space for part in parts)), split, join)
