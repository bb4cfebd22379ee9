"""Drawn rows <-> the bytes of a GetExperienceBatchResponse; columns are copied once, or not at all.

Through the generated class a column is copied three times each way, which at a megabyte takes ten
times as long. Here the arrays are joined with the few bytes that stand before each of them, and
read as views of the message; the class has only the numbers. Any other form of the message, as
another program may send it, is read through the class as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import tensor_pb2
from mazemesh.v1.replay_pb2 import GetExperienceBatchResponse as Response
from mazemesh.wire.columns import DATA_TAG, HASH_TAG, column_heads
from mazemesh.wire.protobuf import Buffer, read_varint, tag_of, varint
from mazemesh.wire.stored_columns import StoredColumns
from mazemesh.wire.tensors import (
    Array,
    Scalar,
    Signature,
    from_bytes,
    little_endian,
    stored_arrays,
)

Keys = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]

_COLUMNS_TAG = tag_of(Response, "columns")
# What goes with the rows, in the order of the message: bytes a row.
_BESIDE = {
    "keys": 8,
    "probabilities": 8,
    "priorities": 8,
    "policy_versions": 8,
    "times_sampled": 4,
}


class DrawnRows(Protocol):
    """Rows as a service drew them; all arrays have one entry a row."""

    @property
    def columns(self) -> Sequence[npt.NDArray[np.uint8]]:
        """uint8 [rows, row_bytes] for each column: little-endian, as it came."""

    @property
    def keys(self) -> Keys:
        """uint64 [rows]."""

    @property
    def probabilities(self) -> Reals:
        """float64 [rows]: P(i), with which each was drawn."""

    @property
    def priorities(self) -> Reals:
        """float64 [rows]."""

    @property
    def policy_versions(self) -> npt.NDArray[np.int64]:
        """int64 [rows]; -1 is unknown."""

    @property
    def times_sampled(self) -> npt.NDArray[np.int32]:
        """int32 [rows], this draw included."""

    @property
    def table_size(self) -> int:
        """Rows in the table."""

    @property
    def priority_mass(self) -> float:
        """What the table is drawn by, in sum."""


@dataclass(frozen=True)
class ExperienceBatch:
    """Rows drawn from a table; arrays are read-only views of the received bytes."""

    columns: Mapping[str, Array]
    """By column name: [rows, *shape of a row]. What came packed is unpacked when it is asked for
    (`mazemesh.wire.stored_columns.StoredColumns`)."""
    keys: Keys
    """uint64 [rows]; names each row for priority updates until it leaves the table."""
    probabilities: Reals
    """float64 [rows]: P(i), with which each row was drawn."""
    priorities: Reals
    """float64 [rows]."""
    policy_versions: npt.NDArray[np.int64]
    """int64 [rows]; -1 is unknown."""
    times_sampled: npt.NDArray[np.int32]
    """int32 [rows], this draw included."""
    table_size: int
    """Rows in the table when the batch was drawn."""
    updated: int
    """Priorities that came with the request and were set."""
    stale: int
    """Priorities that came with the request for rows that were gone."""
    priority_mass: float
    """What the table is drawn by, in sum: priority^exponent, or the number of rows."""

    def __len__(self) -> int:
        return len(self.keys)

    def importance_weights(self, beta: float) -> npt.NDArray[np.float32]:
        """w_i = (N * P(i))^-beta / max_j w_j (Schaul et al. 2016, section 3.4): float32 [rows].

        They undo (wholly at `beta` 1, not at all at 0) that rows were not drawn uniformly from the
        N rows of the table. The maximum is taken over this batch.

        Raises:
            InvalidArgument: `beta` is not in 0..1.
        """
        if not 0.0 <= beta <= 1.0:
            raise InvalidArgument(f"beta is {beta}; expected 0..1")
        # Relative to the least likely row, N cancels out.
        weights: Reals = (self.probabilities / self.probabilities.min()) ** -beta
        return weights.astype(np.float32)


def encode_sample(rows: DrawnRows, signature_hash: int, updated: tuple[int, int]) -> bytes:
    """A GetExperienceBatchResponse.

    Args:
        rows: What was drawn.
        signature_hash: Of the table's columns.
        updated: Priorities that came with the request: how many were set, how many were stale.
    """
    heads = _heads(
        signature_hash, len(rows.keys), tuple([column.shape[1] for column in rows.columns])
    )
    numbers = Response(
        table_size=rows.table_size,
        updated=updated[0],
        stale=updated[1],
        priority_mass=rows.priority_mass,
    )
    # To be joined an array is its bytes.
    parts: list[Any] = [b""] * (2 * len(heads))
    parts[::2] = heads
    parts[1::2] = (
        *rows.columns,
        little_endian(rows.keys),
        little_endian(rows.probabilities),
        little_endian(rows.priorities),
        little_endian(rows.policy_versions),
        little_endian(rows.times_sampled),
    )
    parts.append(numbers.SerializeToString())
    return b"".join(parts)


@lru_cache(maxsize=256)
def _heads(signature_hash: int, rows: int, widths: tuple[int, ...]) -> list[bytes]:
    """What stands before each column and each array beside them: the same in every message."""
    sizes = tuple(rows * width for width in widths)
    first, *heads = column_heads(signature_hash, rows, sizes)
    inside = len(first) + sum(map(len, heads)) + sum(sizes)
    heads[0] = _COLUMNS_TAG + varint(inside) + first + heads[0]
    beside = [tag_of(Response, name) + varint(rows * size) for name, size in _BESIDE.items()]
    return [*heads, *beside]


def decode_sample(signature: Signature, message: bytes) -> ExperienceBatch:
    """The batch in an encoded GetExperienceBatchResponse; arrays are views of it.

    Raises:
        InvalidArgument: the table has another signature.
        DecodeError: it is no such message, or cut off.
    """
    response, columns = _split(message)
    rows = (columns.rows,)

    def view(name: str, dtype: type[Scalar]) -> npt.NDArray[Scalar]:
        return from_bytes(getattr(response, name), dtype, rows, name)

    return ExperienceBatch(
        columns=columns.arrays(signature),
        keys=view("keys", np.uint64),
        probabilities=view("probabilities", np.float64),
        priorities=view("priorities", np.float64),
        policy_versions=view("policy_versions", np.int64),
        times_sampled=view("times_sampled", np.int32),
        table_size=response.table_size,
        updated=response.updated,
        stale=response.stale,
        priority_mass=response.priority_mass,
    )


class _Columns:
    """Columns whose data may be views."""

    def __init__(self, message: tensor_pb2.Columns, data: Sequence[Buffer] | None = None) -> None:
        self.rows = message.rows
        self._signature_hash = message.signature_hash
        self._data = list(message.data) if data is None else data

    def arrays(self, signature: Signature) -> Mapping[str, Array]:
        form, stored = stored_arrays(signature, self._signature_hash, self.rows, self._data)
        aligned = [_aligned(array) for array in stored]
        if form.packs:
            return StoredColumns(form, aligned)
        return dict(zip(form.names, aligned, strict=True))


def _split(message: bytes) -> tuple[Response, _Columns]:
    """The response without its columns, and those read in place.

    That is how Replay sends it: the columns first. Any other order is left to the generated class.
    """
    try:
        if message[0] == _COLUMNS_TAG[0]:
            size, start = read_varint(message, 1)
            small, data = _data(message, start, start + size)
            response = Response.FromString(message[start + size :])
            if not response.HasField("columns"):
                return response, _Columns(tensor_pb2.Columns.FromString(small), data)
    except (IndexError, ValueError, DecodeError):
        pass
    response = Response.FromString(message)
    return response, _Columns(response.columns)


def _data(message: bytes, at: int, end: int) -> tuple[bytes, list[Buffer]]:
    """The fields of encoded Columns before `data`, and the views of `data`, which comes last."""
    view = memoryview(message)
    start, data = at, list[Buffer]()
    while at < end and message[at] != DATA_TAG[0]:
        # Only the hash, eight bytes, and the row count come before.
        at = at + 9 if message[at] == HASH_TAG[0] else read_varint(message, at + 1)[1]
    small = message[start:at]
    while at < end:
        if message[at] != DATA_TAG[0]:
            raise ValueError("fields after the data")
        size, begin = read_varint(message, at + 1)
        at = begin + size
        data.append(view[begin:at])
    if at != end or end > len(message):
        raise ValueError("the columns do not end where they should")
    return small, data


def _aligned(array: Array) -> Array:
    """The array itself, or a read-only copy where its numbers stand at odd addresses."""
    if array.flags.aligned:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    return copy
