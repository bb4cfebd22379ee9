"""What a game's observations and actions are made of: a tree of columns.

The kinds are those of Gymnasium. A leaf of the tree is one column: an array on the wire of
RunGames, a column of Replay, an input or an output of a policy's ONNX file. What stands there:

| leaf            | element type        | shape of one row | values                           |
|-----------------|---------------------|------------------|----------------------------------|
| `Box`           | its `dtype`         | its `shape`      | `low` .. `high`                  |
| `Discrete`      | int8, n > 127 int32 | []               | 0 .. n - 1, the value less start |
| `MultiDiscrete` | int32               | [parts]          | 0 .. count - 1, less the starts  |
| `MultiBinary`   | uint8               | its `shape`      | 0 or 1                           |

`Discrete` and `MultiDiscrete` actions have a mask: uint8, 1 = legal, of n entries, or of the
categories of all parts one after the other.

A space of one leaf has one column, called after what it is: `observation`, `action`,
`action_mask`. Of several leaves each is called by its path: `observation.camera.left`,
`action_mask.0`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import shown

MOST_LEAVES = 64
DEEPEST = 8
MOST_ELEMENTS = 2**20
"""Of all leaves together, and of all masks together."""
MOST_BOUNDS = 2**16
"""Pairs of low and high, where the elements of a box have bounds of their own."""
MOST_DIMENSIONS = 8

ITEM_SIZES = {"uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "int32": 4, "float32": 4}
"""Bytes of the element types that a box may have."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LARGEST_INT8 = 127
_MOST_TOLD = 6


@dataclass(frozen=True, slots=True)
class Box:
    """Numbers in an array.

    Attributes:
        low, high: Bounds: one for all elements, or one for each in C order. Infinite ones are none.
        shape: Of the array; an image's is [height, width, channels].
        dtype: "float32", "uint8", "int8", "uint16", "int16" or "int32".
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def size(self) -> int:
        """Elements of one row."""
        return math.prod(self.shape)

    @property
    def mask_size(self) -> int:
        """Entries of its mask: none."""
        return 0

    @property
    def bounded(self) -> bool:
        """Whether every element has finite bounds on both sides."""
        return all(map(math.isfinite, (*self.low, *self.high)))

    @property
    def is_image(self) -> bool:
        """Whether it is uint8 [height, width, channels] with both sides above 1."""
        return self.dtype == "uint8" and len(self.shape) == 3 and min(self.shape[:2]) > 1


@dataclass(frozen=True, slots=True)
class Discrete:
    """One of n choices; the environment's own number of the first is `start`."""

    n: int
    start: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row: a scalar."""
        return ()

    @property
    def dtype(self) -> str:
        """Of the column."""
        return "int8" if self.n <= _LARGEST_INT8 else "int32"

    @property
    def size(self) -> int:
        """Elements of one row."""
        return 1

    @property
    def mask_size(self) -> int:
        """Entries of its mask."""
        return self.n


@dataclass(frozen=True, slots=True)
class MultiDiscrete:
    """Several choices at once: one of counts[i] each; the first of part i is starts[i].

    `starts` is empty where all are 0.
    """

    counts: tuple[int, ...]
    starts: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row: [parts]."""
        return (len(self.counts),)

    @property
    def dtype(self) -> str:
        """Of the column."""
        return "int32"

    @property
    def size(self) -> int:
        """Elements of one row."""
        return len(self.counts)

    @property
    def mask_size(self) -> int:
        """Entries of its mask: those of its parts, one part after the other."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class MultiBinary:
    """An array of zeros and ones."""

    shape: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """Of the column."""
        return "uint8"

    @property
    def size(self) -> int:
        """Elements of one row."""
        return math.prod(self.shape)

    @property
    def mask_size(self) -> int:
        """Entries of its mask: none."""
        return 0


@dataclass(frozen=True, slots=True)
class Dict:
    """Spaces by name, in a fixed order."""

    spaces: tuple[tuple[str, Space], ...]


@dataclass(frozen=True, slots=True)
class Tuple:
    """Spaces by number."""

    spaces: tuple[Space, ...]


LeafSpace: TypeAlias = Box | Discrete | MultiDiscrete | MultiBinary
Space: TypeAlias = LeafSpace | Dict | Tuple


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column of a space.

    Attributes:
        path: Keys from the root; a tuple's are numbers in decimal.
        name: The path joined by points; empty for a space that is one leaf itself.
        space: What stands there.
    """

    path: tuple[str, ...]
    name: str
    space: LeafSpace

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of the column."""
        return self.space.size * item_size(self.space)


def item_size(space: LeafSpace) -> int:
    """Bytes of one element."""
    return ITEM_SIZES[space.dtype]


@lru_cache(maxsize=1024)
def leaves(space: Space) -> tuple[Leaf, ...]:
    """The columns of a space, depth first, in the order in which its parts stand."""
    return tuple(Leaf(path, ".".join(path), leaf) for path, leaf in _walk(space, ()))


def single(space: Space) -> LeafSpace | None:
    """The only leaf of a space that has one, else None."""
    found = leaves(space)
    return found[0].space if len(found) == 1 else None


@lru_cache(maxsize=1024)
def columns(what: str, space: Space) -> tuple[tuple[str, LeafSpace], ...]:
    """Names and leaves of the columns of a space, in order.

    Args:
        what: "observation" or "action", or "action_mask": then only leaves that have a mask.
        space: The space of observations, or of actions.
    """
    found = leaves(space)
    return tuple(
        (what if len(found) == 1 else f"{what}.{leaf.name}", leaf.space)
        for leaf in found
        if what != "action_mask" or leaf.space.mask_size
    )


def told(space: Space) -> str:
    """A space in words, for lists and messages: "5 choices", "uint8 [7, 7, 3] and 4 choices"."""
    parts = [_told(leaf.space) for leaf in leaves(space)]
    more = len(parts) - _MOST_TOLD
    return ", ".join(parts[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def _told(leaf: LeafSpace) -> str:
    match leaf:
        case Discrete(n=count):
            return f"{count} choices"
        case MultiDiscrete(counts=counts):
            return " x ".join(map(str, counts[:_MOST_TOLD])) + " choices"
        case MultiBinary():
            return f"bits {list(leaf.shape)}"
        case Box():
            return f"{leaf.dtype} {list(leaf.shape)}"


def row_bytes(space: Space) -> int:
    """Bytes of one row of all columns."""
    return sum(leaf.row_bytes for leaf in leaves(space))


def mask_bytes(space: Space) -> int:
    """Bytes of one row of all masks."""
    return sum(leaf.space.mask_size for leaf in leaves(space))


def content(space: Space) -> dict[str, Any]:
    """What a hash is taken over: kind, order, names, shapes, element types and bounds, as JSON."""
    match space:
        case Box():
            return {
                "box": list(space.shape),
                "dtype": space.dtype,
                "low": [repr(float(bound)) for bound in space.low],
                "high": [repr(float(bound)) for bound in space.high],
            }
        case Discrete():
            return {"discrete": space.n, "start": space.start}
        case MultiDiscrete():
            return {"multi_discrete": list(space.counts), "starts": list(space.starts)}
        case MultiBinary():
            return {"multi_binary": list(space.shape)}
        case Dict():
            return {"dict": [[name, content(part)] for name, part in space.spaces]}
        case Tuple():
            return {"tuple": [content(part) for part in space.spaces]}


def from_content(value: dict[str, Any]) -> Space:
    """The space that `content` was taken of."""
    if "box" in value:
        low, high = (tuple(map(float, value[side])) for side in ("low", "high"))
        return Box(low, high, tuple(value["box"]), value["dtype"])
    if "discrete" in value:
        return Discrete(value["discrete"], value["start"])
    if "multi_discrete" in value:
        return MultiDiscrete(tuple(value["multi_discrete"]), tuple(value["starts"]))
    if "multi_binary" in value:
        return MultiBinary(tuple(value["multi_binary"]))
    if "dict" in value:
        return Dict(tuple((name, from_content(part)) for name, part in value["dict"]))
    return Tuple(tuple(map(from_content, value["tuple"])))


def check_space(space: Space, whose: str) -> None:
    """Refuses a space that cannot be played or learned from.

    Args:
        space: To be looked at.
        whose: Begins the error's sentence: "observations", "actions".

    Raises:
        InvalidArgument: It is too deep or too large, has no leaf, a name that cannot be that of a
            column, an empty leaf, or bounds that do not fit; says where and what would be right.
    """
    _check_tree(space, whose, 0)
    found = leaves(space)
    if not 1 <= len(found) <= MOST_LEAVES:
        raise InvalidArgument(f"{whose}: {len(found)} columns; expected 1..{MOST_LEAVES}")
    for leaf in found:
        _check_leaf(leaf.space, f"{whose}.{leaf.name}" if leaf.name else whose)
    elements = max(
        sum(leaf.space.size for leaf in found), sum(leaf.space.mask_size for leaf in found)
    )
    if elements > MOST_ELEMENTS:
        raise InvalidArgument(f"{whose}: {elements:,} elements; at most {MOST_ELEMENTS:,}")
    bounds = sum(len(leaf.space.low) for leaf in found if isinstance(leaf.space, Box))
    if bounds > MOST_BOUNDS:
        raise InvalidArgument(
            f"{whose}: {bounds:,} elements have bounds of their own; at most {MOST_BOUNDS:,}"
        )


def _walk(space: Space, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], LeafSpace]]:
    if isinstance(space, Dict):
        for name, part in space.spaces:
            yield from _walk(part, (*path, name))
    elif isinstance(space, Tuple):
        for index, part in enumerate(space.spaces):
            yield from _walk(part, (*path, str(index)))
    else:
        yield path, space


def _check_tree(space: Space, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise InvalidArgument(f"{where}: deeper than {DEEPEST} levels")
    if isinstance(space, Dict):
        names = [name for name, _ in space.spaces]
        for name, part in space.spaces:
            if not _NAME.fullmatch(name):
                raise InvalidArgument(
                    f"{where}: the name {shown(name)} should be 1..32 letters, digits, '_' or '-'"
                )
            if names.count(name) > 1:
                raise InvalidArgument(f"{where}: {name!r} stands there twice")
            _check_tree(part, f"{where}.{name}", depth + 1)
    elif isinstance(space, Tuple):
        for index, part in enumerate(space.spaces):
            _check_tree(part, f"{where}.{index}", depth + 1)


def _check_leaf(leaf: LeafSpace, where: str) -> None:
    match leaf:
        case Box():
            _check_shape(leaf.shape, where)
            if leaf.dtype not in ITEM_SIZES:
                raise InvalidArgument(
                    f"{where}: elements of {shown(leaf.dtype)}; expected {', '.join(ITEM_SIZES)}"
                )
            if not len(leaf.low) == len(leaf.high) or len(leaf.low) not in (1, leaf.size):
                raise InvalidArgument(
                    f"{where}: {len(leaf.low)} low and {len(leaf.high)} high bounds; expected 1 "
                    f"or {leaf.size} of each"
                )
            for low, high in zip(leaf.low, leaf.high, strict=True):
                if not low <= high:  # nor does NaN
                    raise InvalidArgument(f"{where}: no number lies within {low:g}..{high:g}")
        case Discrete():
            if not 1 <= leaf.n <= MOST_ELEMENTS:
                raise InvalidArgument(f"{where}: {leaf.n} choices; expected 1..{MOST_ELEMENTS:,}")
        case MultiDiscrete():
            if not leaf.counts or min(leaf.counts) < 1 or sum(leaf.counts) > MOST_ELEMENTS:
                raise InvalidArgument(
                    f"{where}: parts of {list(leaf.counts)[:16]} choices; expected one part or "
                    f"more, of one choice or more, at most {MOST_ELEMENTS:,} in all"
                )
            if len(leaf.starts) not in (0, len(leaf.counts)):
                raise InvalidArgument(
                    f"{where}: {len(leaf.starts)} starts; expected none or {len(leaf.counts)}"
                )
        case MultiBinary():
            _check_shape(leaf.shape, where)


def _check_shape(shape: tuple[int, ...], where: str) -> None:
    if len(shape) > MOST_DIMENSIONS or any(side < 1 for side in shape):
        raise InvalidArgument(
            f"{where}: the shape {list(shape)[:16]} should have at most {MOST_DIMENSIONS} "
            "dimensions of 1 or more"
        )
