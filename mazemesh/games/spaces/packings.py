"""Which columns of a game travel in few bits, and how; docs/adr/0160-planes-are-bits.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mazemesh.games.spaces import MultiBinary
from mazemesh.games.spaces.arrays import Column, mask_columns, observation_columns
from mazemesh.games.spec import GameSpec
from mazemesh.packing.runs import Packing

BIT = (1,)
"""Of elements that are 0 or 1."""


@dataclass(frozen=True)
class Packings:
    """How the columns of a game are packed; those that are missing are as they are.

    Attributes:
        observations: By name of an observation's column.
        masks: By name of a mask's column.
    """

    observations: tuple[tuple[str, Packing], ...]
    masks: tuple[tuple[str, Packing], ...]

    @cached_property
    def by_name(self) -> dict[str, Packing]:
        """Of all columns."""
        return dict(self.observations + self.masks)

    @cached_property
    def hash(self) -> int:
        """64 bits that client and server agree on (`SessionOpened.packing` of game.proto)."""
        text = "".join(f"{name}:{packing};" for name, packing in self.observations + self.masks)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def packed(self, columns: Iterable[Column]) -> tuple[Column, ...]:
        """The columns as they travel: the last axis of those that are packed in bytes."""
        return tuple(
            column._replace(shape=(*column.shape[:-1], self.by_name[column.name].row_bytes))
            if column.name in self.by_name
            else column
            for column in columns
        )


@lru_cache(maxsize=256)
def packings(spec: GameSpec) -> Packings | None:
    """How what is seen and what is legal travels in a game; None where nothing gets shorter."""
    seen = observation_columns(spec.observation_space)
    found = [(column.name, _packing(column, spec, alone=len(seen) == 1)) for column in seen]
    observations = tuple((name, packing) for name, packing in found if packing is not None)
    masks = tuple(
        (column.name, Packing.of([(column.shape[-1], BIT)]))
        for column in mask_columns(spec.action_space)
        if column.shape[-1] > 1
    )
    return Packings(observations, masks) if observations or masks else None


def _packing(column: Column, spec: GameSpec, *, alone: bool) -> Packing | None:
    if isinstance(column.space, MultiBinary) and column.shape and column.shape[-1] > 1:
        return Packing.of([(column.shape[-1], BIT)])
    if alone and len(column.shape) == 1:
        return spec.packing
    return None
