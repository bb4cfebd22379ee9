"""Signatures of experience whose columns are packed as a game's are."""

from __future__ import annotations

from dataclasses import replace

from mazemesh.games.spaces.packings import BIT, Packings
from mazemesh.packing.runs import Packing
from mazemesh.wire.tensors import ColumnSpec, Signature

_PREFIXES = ("last_", "next_")
"""Of columns that hold what another does, at another time."""


def packed_signature(signature: Signature, found: Packings | None) -> Signature:
    """The same columns, in as few bytes as they need.

    What a seat saw and what was legal is packed as it comes from the game, so that actors write it
    as they got it; flags that are one a step take a bit each.
    """
    return Signature(tuple(_packed(column, found) for column in signature.columns))


def _packed(column: ColumnSpec, found: Packings | None) -> ColumnSpec:
    if column.dtype.name == "bool" and column.shape and column.shape[-1] > 1:
        return replace(column, packing=Packing.of([(column.shape[-1], BIT)]))
    if found is None or column.dtype.name != "uint8":
        return column
    name = column.name
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    packing = found.by_name.get(name)
    return column if packing is None else replace(column, packing=packing)
