"""What a policy answers about each leaf of an action: which outputs, and how many numbers.

| leaf            | outputs           | numbers                                                  |
|-----------------|-------------------|----------------------------------------------------------|
| `Discrete`      | `logits`          | one an action; Q-values of a Q-network                   |
| `MultiDiscrete` | `logits`          | one a choice, those of one part after those of the other |
| `MultiBinary`   | `logits`          | one an element: log p / (1 - p) of its being 1           |
| `Box`           | `mean`, `log_std` | one each an element, in C order                          |

Of several leaves each output is called by its leaf's path: `logits.move`, `mean.arm.0`.

What all heads answer can be had as one array, the *logits* [n, W]: the outputs one after the other,
in the order of the leaves, a box's means before its log_stds. Of a game with one discrete action
they are the logits themselves. Likewise the masks of all leaves are one array [n, M].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete, LeafSpace, MultiDiscrete, Space, leaves

ActionDistribution = Literal["squashed", "clipped"]
"""What continuous actions are drawn from.

squashed: tanh of a Gaussian, stretched to the bounds; `mean` and `log_std` are the Gaussian's. What
has no bound on one side is not squashed.
clipped: a Gaussian in the space's own units, clipped to the bounds when it is carried out.
"""

ACTION_DISTRIBUTION = "action_distribution"
"""Key of a version's metadata, and with `mazemesh.` before it of its file's, with that value."""

FLOATS = ("float32",)


def distribution_of(name: str, whose: str) -> ActionDistribution:
    """The distribution of a name; empty is clipped.

    Raises:
        InvalidArgument: there is no such; begins with `whose` it is.
    """
    if name == "squashed":
        return "squashed"
    if name in ("", "clipped"):
        return "clipped"
    raise InvalidArgument(
        f"{whose}: {ACTION_DISTRIBUTION} is {name!r:.50}; it should be squashed or clipped"
    )


@dataclass(frozen=True)
class Head:
    """What is answered about one leaf.

    Attributes:
        column: Of the action: `action`, or `action.<path>`.
        mask: The mask's column; empty where there is none.
        outputs: Names of the outputs.
        space: Of the leaf.
        first: Where its numbers begin among the logits of all heads.
        first_mask: Where its mask begins among all masks.
    """

    column: str
    mask: str
    outputs: tuple[str, ...]
    space: LeafSpace
    first: int
    first_mask: int

    @property
    def continuous(self) -> bool:
        """Whether it is drawn from a Gaussian."""
        return isinstance(self.space, Box)

    @property
    def output_width(self) -> int:
        """Numbers of each output."""
        return self.space.mask_size or self.space.size

    @property
    def choices(self) -> tuple[int, ...]:
        """How many there are to choose from, part by part; none of what has no mask."""
        match self.space:
            case Discrete():
                return (self.space.n,)
            case MultiDiscrete():
                return self.space.counts
            case _:
                return ()

    @property
    def numbers(self) -> slice:
        """Its part of the logits of all heads."""
        return slice(self.first, self.first + self.output_width * len(self.outputs))

    @property
    def masks(self) -> slice:
        """Its part of all masks."""
        return slice(self.first_mask, self.first_mask + self.space.mask_size)


@lru_cache(maxsize=256)
def heads(action: Space) -> tuple[Head, ...]:
    """The heads of a space of actions, in the order of its leaves.

    Raises:
        InvalidArgument: a box of whole numbers; tells what would be right.
    """
    found: list[Head] = []
    parts = leaves(action)
    first = first_mask = 0
    for leaf in parts:
        tail = f".{leaf.name}" if len(parts) > 1 else ""
        kinds = ("mean", "log_std") if isinstance(leaf.space, Box) else ("logits",)
        if isinstance(leaf.space, Box) and leaf.space.dtype not in FLOATS:
            raise InvalidArgument(
                f"action{tail} is a box of {leaf.space.dtype}; policies act on boxes of float32. "
                "For whole numbers the game should have MultiDiscrete"
            )
        head = Head(
            column=f"action{tail}",
            mask=f"action_mask{tail}" if leaf.space.mask_size else "",
            outputs=tuple(f"{kind}{tail}" for kind in kinds),
            space=leaf.space,
            first=first,
            first_mask=first_mask,
        )
        found.append(head)
        first, first_mask = head.numbers.stop, head.masks.stop
    return tuple(found)


def parts_of(parts: Sequence[Head]) -> Iterator[tuple[str, slice]]:
    """Outputs by name, and what part of the logits of all heads each is."""
    for head in parts:
        width = head.output_width
        for index, name in enumerate(head.outputs):
            first = head.first + index * width
            yield name, slice(first, first + width)


def logits_width(action: Space) -> int:
    """Numbers that all heads answer, W."""
    return sum(head.output_width * len(head.outputs) for head in heads(action))


def output_widths(action: Space) -> dict[str, int]:
    """Width of each output of the heads, by name, in order."""
    return {name: head.output_width for head in heads(action) for name in head.outputs}
