"""The two large messages of Replay <-> numpy, by hand: columns are copied once, or not at all.

Both are wire-compatible with the generated classes, which copy each column three or four times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from mazemesh.client.replay.experience import ExperienceBatch
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.protobuf import (
    FIXED64,
    LENGTH_DELIMITED,
    VARINT,
    Buffer,
    bytes_field,
    message_field,
    read_varint,
    tag,
    varint,
)
from mazemesh.wire.tensors import Array, Scalar, Signature, from_bytes, to_bytes

_HASH_TAG, _ROWS_TAG = tag(1, FIXED64), tag(2, VARINT)
_SEQUENCE_TAG = tag(3, VARINT)
_COLUMNS_TAG = tag(1, LENGTH_DELIMITED)[0]
_DATA_TAG = tag(3, LENGTH_DELIMITED)[0]


def encode_columns(signature_hash: int, rows: int, data: Sequence[Buffer]) -> list[Buffer]:
    """Columns in parts, not joined."""
    first, *heads = _column_heads(signature_hash, rows, tuple(map(len, data)))
    parts: list[Buffer] = [first]
    for head, column in zip(heads, data, strict=True):
        parts += (head, column)
    return parts


@lru_cache(maxsize=256)
def _column_heads(signature_hash: int, rows: int, sizes: tuple[int, ...]) -> list[bytes]:
    """What stands before all columns, and before each: the same for all batches of so many rows."""
    first = _HASH_TAG + signature_hash.to_bytes(8, "little") + _ROWS_TAG + varint(rows)
    return [first, *(tag(3, LENGTH_DELIMITED) + varint(size) for size in sizes)]


def encode_record(
    table: str,
    writer_id: str,
    sequence: int,
    columns: Sequence[Buffer],
    priorities: npt.ArrayLike | None = None,
    policy_versions: npt.ArrayLike | None = None,
    more_tables: Mapping[str, npt.ArrayLike | None] | None = None,
) -> bytes:
    """An encoded RecordExperienceRequest; see `ReplayClient.record`."""
    parts = [
        _names(table, writer_id),
        _SEQUENCE_TAG + varint(sequence),
        *message_field(4, columns),
    ]
    if priorities is not None:
        parts += bytes_field(5, to_bytes(priorities, np.float64))
    if policy_versions is not None:
        parts += bytes_field(6, to_bytes(policy_versions, np.int64))
    for name, own in (more_tables or {}).items():
        more = pb.TablePriorities(
            table=name, priorities=b"" if own is None else to_bytes(own, np.float64)
        )
        parts += bytes_field(7, more.SerializeToString())
    return b"".join(parts)


@lru_cache(maxsize=256)
def _names(table: str, writer_id: str) -> bytes:
    return b"".join([*bytes_field(1, table.encode()), *bytes_field(2, writer_id.encode())])


def array_bytes(array: Array) -> memoryview:
    """The bytes of a contiguous array, not copied."""
    return array.reshape(-1).view(np.uint8).data


def decode_sample(signature: Signature, message: bytes) -> ExperienceBatch:
    """The batch in an encoded GetExperienceBatchResponse; arrays are views of it.

    Raises:
        InvalidArgument: the table has another signature.
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

    def arrays(self, signature: Signature) -> dict[str, Array]:
        if self._signature_hash != signature.hash:
            raise InvalidArgument(
                f"columns.signature_hash is {self._signature_hash:#x}; expected "
                f"{signature.hash:#x} for {signature.describe()}"
            )
        if self.rows < 0 or len(self._data) != len(signature.columns):
            raise InvalidArgument(
                f"columns has {self.rows} rows and {len(self._data)} data entries; "
                f"expected {len(signature.columns)} entries ({signature.describe()})"
            )
        arrays = {}
        for index, (spec, data) in enumerate(zip(signature.columns, self._data, strict=True)):
            shape = (self.rows, *spec.shape)
            if len(data) != self.rows * spec.row_bytes:
                # Says what is wrong.
                from_bytes(data, spec.dtype, shape, f"columns.data[{index}] ({spec.name!r})")
            arrays[spec.name] = _aligned(np.frombuffer(data, spec.wire_dtype).reshape(shape))
        return arrays


def _split(message: bytes) -> tuple[pb.GetExperienceBatchResponse, _Columns]:
    """The response without its columns, and those read in place.

    That is how Replay sends it: the columns first. Any other order is left to the generated class.
    """
    try:
        if message[0] == _COLUMNS_TAG:
            size, start = read_varint(message, 1)
            small, data = _data(message, start, start + size)
            response = pb.GetExperienceBatchResponse.FromString(message[start + size :])
            if not response.HasField("columns"):
                return response, _Columns(tensor_pb2.Columns.FromString(small), data)
    except (IndexError, ValueError, DecodeError):
        pass
    response = pb.GetExperienceBatchResponse.FromString(message)
    return response, _Columns(response.columns)


def _data(message: bytes, at: int, end: int) -> tuple[bytes, list[Buffer]]:
    """The fields of encoded Columns before `data`, and the views of `data`, which comes last."""
    view = memoryview(message)
    start, data = at, list[Buffer]()
    while at < end and message[at] != _DATA_TAG:
        # Only the hash, eight bytes, and the row count come before.
        at = at + 9 if message[at] == _HASH_TAG[0] else read_varint(message, at + 1)[1]
    small = message[start:at]
    while at < end:
        if message[at] != _DATA_TAG:
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
