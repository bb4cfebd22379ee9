"""Columns one after the other <-> arrays: actions of many, and rows of one seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Space
from mazemesh.games.spaces.arrays import Column, action_columns, action_dtype, pack_actions
from mazemesh.wire.tensors import from_bytes, to_bytes


def encode_actions(
    space: Space,
    actions: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    lead: tuple[int, ...],
) -> bytes:
    """StepGames.actions, and GameReplay.actions: each column whole, little-endian.

    Args:
        space: Of the actions.
        actions: As `mazemesh.games.spaces.arrays.pack_actions` takes them.
        lead: (games, seats), or (steps, seats).

    Raises:
        InvalidArgument: a column is missing, too many, or of another shape.
    """
    packed = pack_actions(space, actions, lead)
    if packed.dtype.names is None:
        return to_bytes(packed, packed.dtype)
    return b"".join(to_bytes(packed[name], packed.dtype[name].base) for name in packed.dtype.names)


def decode_actions(
    space: Space, data: bytes, lead: tuple[int, ...], field: str = "actions"
) -> npt.NDArray[Any]:
    """An array [*lead] of `action_dtype`; a read-only view where actions are numbers.

    Raises:
        InvalidArgument: the number of bytes does not fit, naming `field`.
    """
    dtype = action_dtype(space)
    if dtype.names is None:
        return from_bytes(data, dtype, lead, field)
    expected = prod(lead) * dtype.itemsize
    if len(data) != expected:
        raise InvalidArgument(
            f"{field} has {len(data)} bytes; expected {expected} for the columns "
            f"{list(dtype.names)} of {list(lead)}"
        )
    packed = np.zeros(lead, dtype)
    begin = 0
    for column in action_columns(space):
        shape = (*lead, *column.shape)
        kind = column.dtype.newbyteorder("<")
        packed[column.name] = np.frombuffer(data, kind, prod(shape), begin).reshape(shape)
        begin += packed[column.name].nbytes
    return packed


def decode_row(columns: Sequence[Column], data: bytes, field: str) -> dict[str, npt.NDArray[Any]]:
    """One row of each column by name; read-only views.

    Raises:
        InvalidArgument: the number of bytes does not fit, naming `field`.
    """
    sizes = [column.dtype.itemsize * prod(column.shape) for column in columns]
    if len(data) != sum(sizes):
        raise InvalidArgument(f"{field} has {len(data)} bytes; expected {sum(sizes)}")
    rows: dict[str, npt.NDArray[Any]] = {}
    begin = 0
    for column, size in zip(columns, sizes, strict=True):
        kind = column.dtype.newbyteorder("<")
        rows[column.name] = np.frombuffer(data, kind, prod(column.shape), begin).reshape(
            column.shape
        )
        begin += size
    return rows
