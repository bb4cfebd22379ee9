"""numpy <-> wire: the only codec for tensors, signatures and columns.

Decoding never copies: arrays are read-only views on the received `bytes`. Encoding copies once.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, overload

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import tensor_pb2 as pb

_NAMES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64",
)  # fmt: skip
_TO_WIRE: dict[np.dtype[np.generic], pb.DataType] = {
    np.dtype(name): getattr(pb, f"DATA_TYPE_{name.upper()}") for name in _NAMES
}
_FROM_WIRE = {wire: dtype.newbyteorder("<") for dtype, wire in _TO_WIRE.items()}

Array = npt.NDArray[np.generic]
Scalar = TypeVar("Scalar", bound=np.generic)

MOST_COLUMNS = 1024
MOST_DIMENSIONS = 32
"""numpy's own."""
LONGEST_COLUMN_NAME = 128

_MOST_DESCRIBED = 16

_BIG_ENDIAN = "=>" if sys.byteorder == "big" else ">"
"""How numpy calls the byte orders that are not the wire's."""


@dataclass(frozen=True)
class ColumnSpec:
    """One named column of a signature: element type and the shape of ONE row."""

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuses element types that do not travel.

        Raises:
            InvalidArgument: `dtype` is none of DataType.
        """
        if self.dtype not in _TO_WIRE:
            raise InvalidArgument(
                f"column {self.name!r} has the dtype {self.dtype}; expected one of "
                f"{', '.join(_NAMES)}"
            )

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.dtype.itemsize * math.prod(self.shape)

    @cached_property
    def wire_dtype(self) -> np.dtype[np.generic]:
        """As it is on the wire: little-endian."""
        return self.dtype.newbyteorder("<")

    def __str__(self) -> str:
        return f"{self.name}:{self.dtype.name}:{','.join(map(str, self.shape))}"


@dataclass(frozen=True)
class Signature:
    """The columns of a batch, in order."""

    columns: tuple[ColumnSpec, ...]

    @classmethod
    def of(cls, **columns: tuple[npt.DTypeLike, Sequence[int]]) -> Signature:
        """By keyword: `Signature.of(observation=("uint8", (250,)), done=("bool", ()))`."""
        return cls(
            tuple(
                ColumnSpec(name, _to_dtype(name, dtype), tuple(shape))
                for name, (dtype, shape) in columns.items()
            )
        )

    @cached_property
    def hash(self) -> int:
        """64-bit hash as specified in tensor.proto."""
        text = "".join(f"{column};" for column in self.columns)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def describe(self) -> str:
        """The columns in words, for messages; of many only the first."""
        text = "; ".join(map(str, self.columns[:_MOST_DESCRIBED]))
        more = len(self.columns) - _MOST_DESCRIBED
        return text if more <= 0 else f"{text}; and {more} more"

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one row over all columns."""
        return sum(column.row_bytes for column in self.columns)

    def to_proto(self) -> pb.Signature:
        """The wire form, hash included."""
        return pb.Signature(
            columns=[
                pb.TensorSpec(name=c.name, dtype=_TO_WIRE[c.dtype], shape=c.shape)
                for c in self.columns
            ],
            hash=self.hash,
        )

    @classmethod
    def from_proto(cls, message: pb.Signature) -> Signature:
        """Reads and checks a signature.

        Raises:
            InvalidArgument: no columns or more than MOST_COLUMNS, a doubled, empty or long name, an
                unknown dtype, a negative or too many dimensions, or a hash that is not the
                columns'.
        """
        if not 1 <= len(message.columns) <= MOST_COLUMNS:
            raise InvalidArgument(
                f"signature.columns has {len(message.columns)} entries; expected 1..{MOST_COLUMNS}"
            )
        columns = tuple(_column(index, spec) for index, spec in enumerate(message.columns))
        signature = cls(columns)
        if len(set(signature.names)) != len(columns):
            twice = Counter(signature.names).most_common(1)[0][0]
            raise InvalidArgument(f"signature.columns has {twice!r} more than once")
        if message.hash and message.hash != signature.hash:
            raise InvalidArgument(
                f"signature.hash is {message.hash:#x}; its columns hash to {signature.hash:#x}"
            )
        return signature


def _to_dtype(column: str, dtype: npt.DTypeLike) -> np.dtype[np.generic]:
    """The element type in this machine's byte order."""
    try:
        return np.dtype(dtype).newbyteorder("=")
    except TypeError as error:
        raise InvalidArgument(
            f"column {column!r} has the dtype {dtype!r}; expected one of {', '.join(_NAMES)}"
        ) from error


def _column(index: int, spec: pb.TensorSpec) -> ColumnSpec:
    field = f"signature.columns[{index}]"
    if not 1 <= len(spec.name) <= LONGEST_COLUMN_NAME:
        raise InvalidArgument(
            f"{field}.name has {len(spec.name)} characters; expected 1..{LONGEST_COLUMN_NAME}"
        )
    if len(spec.shape) > MOST_DIMENSIONS:
        raise InvalidArgument(
            f"{field} ({spec.name!r}).shape has {len(spec.shape)} dimensions; expected at most "
            f"{MOST_DIMENSIONS}"
        )
    if spec.dtype not in _FROM_WIRE:
        raise InvalidArgument(
            f"{field} ({spec.name!r}).dtype is {spec.dtype}; not a known DataType"
        )
    if any(size < 0 for size in spec.shape):
        raise InvalidArgument(f"{field} ({spec.name!r}).shape is {list(spec.shape)}; negative size")
    return ColumnSpec(spec.name, np.dtype(_FROM_WIRE[spec.dtype].name), tuple(spec.shape))


def to_bytes(array: npt.ArrayLike, dtype: npt.DTypeLike) -> bytes:
    """C-ordered little-endian bytes of an array, cast to `dtype` if need be."""
    return np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()


def little_endian(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """The array as a buffer of little-endian bytes in C order; a copy only where it is none yet."""
    if array.dtype.byteorder in _BIG_ENDIAN:
        array = array.astype(array.dtype.newbyteorder("<"))
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


@overload
def from_bytes(
    data: bytes | memoryview, dtype: type[Scalar], shape: Sequence[int], field: str
) -> npt.NDArray[Scalar]: ...
@overload
def from_bytes(
    data: bytes | memoryview, dtype: npt.DTypeLike, shape: Sequence[int], field: str
) -> Array: ...
def from_bytes(
    data: bytes | memoryview, dtype: npt.DTypeLike, shape: Sequence[int], field: str
) -> Array:
    """Read-only view of `data` as an array; one entry of `shape` may be -1.

    Raises:
        InvalidArgument: the number of bytes does not fit, naming `field`.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    if len(shape) == 1 and len(data) == shape[0] * kind.itemsize:
        return np.frombuffer(data, dtype=kind)
    known = math.prod(size for size in shape if size >= 0) * kind.itemsize
    fits = len(data) == known if -1 not in shape else known > 0 and len(data) % known == 0
    if not fits:
        raise InvalidArgument(
            f"{field} has {len(data)} bytes; expected {'a multiple of ' * (-1 in shape)}{known} "
            f"for {np.dtype(dtype).name} {list(shape)}"
        )
    return np.frombuffer(data, dtype=kind).reshape(shape)


def dtype_to_wire(dtype: np.dtype[np.generic]) -> pb.DataType:
    """The DataType of an element type.

    Raises:
        InvalidArgument: there is none.
    """
    wire = _TO_WIRE.get(dtype.newbyteorder("="))
    if wire is None:
        raise InvalidArgument(f"the dtype {dtype} does not travel; expected {', '.join(_NAMES)}")
    return wire


def dtype_from_wire(wire: pb.DataType, field: str) -> np.dtype[np.generic]:
    """The element type of a DataType, in this machine's byte order.

    Raises:
        InvalidArgument: it is unknown, naming `field`.
    """
    if wire not in _FROM_WIRE:
        raise InvalidArgument(f"{field} is {wire}; not a known DataType")
    return _FROM_WIRE[wire].newbyteorder("=")


def to_tensor(array: npt.NDArray[np.generic]) -> pb.Tensor:
    """A self-describing tensor.

    Raises:
        InvalidArgument: its dtype is none of DataType.
    """
    wire = _TO_WIRE.get(array.dtype.newbyteorder("="))
    if wire is None:
        raise InvalidArgument(
            f"the array has the dtype {array.dtype}; expected one of {', '.join(_NAMES)}"
        )
    return pb.Tensor(
        dtype=wire,
        shape=array.shape,
        data=to_bytes(array, array.dtype),
    )


def from_tensor(message: pb.Tensor, field: str) -> npt.NDArray[np.generic]:
    """Read-only array view of a tensor.

    Raises:
        InvalidArgument: unknown dtype, or data that does not fit the shape, naming `field`.
    """
    if message.dtype not in _FROM_WIRE:
        raise InvalidArgument(f"{field}.dtype is {message.dtype}; not a known DataType")
    return from_bytes(message.data, _FROM_WIRE[message.dtype], tuple(message.shape), field)


def to_arrays(signature: Signature, columns: Mapping[str, npt.ArrayLike]) -> list[Array]:
    """The columns of a batch in order, as contiguous little-endian arrays; see `to_columns`."""
    if set(columns) != set(signature.names):
        raise InvalidArgument(
            f"columns are {sorted(columns)}; the signature has {sorted(signature.names)}"
        )
    arrays = [np.asarray(columns[spec.name]) for spec in signature.columns]
    rows = len(arrays[0])
    for spec, array in zip(signature.columns, arrays, strict=True):
        if array.shape != (rows, *spec.shape) or array.dtype != spec.dtype:
            raise InvalidArgument(
                f"column {spec.name!r} is {array.dtype.name} {list(array.shape)}; "
                f"expected {spec.dtype.name} {[rows, *spec.shape]}"
            )
    return [
        np.ascontiguousarray(array, spec.wire_dtype)
        for spec, array in zip(signature.columns, arrays, strict=True)
    ]


def to_columns(signature: Signature, columns: Mapping[str, npt.ArrayLike]) -> pb.Columns:
    """A batch of rows; `columns[name]` has shape [rows, *spec.shape] for each column.

    Raises:
        InvalidArgument: a column is missing, too many, or of another shape or dtype.
    """
    arrays = to_arrays(signature, columns)
    data = [array.tobytes() for array in arrays]
    return pb.Columns(signature_hash=signature.hash, rows=len(arrays[0]), data=data)


def from_columns(signature: Signature, message: pb.Columns) -> dict[str, npt.NDArray[np.generic]]:
    """Read-only views [rows, *shape] by column name.

    Raises:
        InvalidArgument: another signature hash, a negative row count, a missing column, or a
            column whose bytes do not fit, named.
    """
    if message.signature_hash != signature.hash:
        raise InvalidArgument(
            f"columns.signature_hash is {message.signature_hash:#x}; expected {signature.hash:#x} "
            f"for {signature.describe()}"
        )
    if message.rows < 0 or len(message.data) != len(signature.columns):
        raise InvalidArgument(
            f"columns has {message.rows} rows and {len(message.data)} data entries; "
            f"expected {len(signature.columns)} entries ({signature.describe()})"
        )
    return {
        spec.name: from_bytes(
            data, spec.dtype, (message.rows, *spec.shape), f"columns.data[{index}] ({spec.name!r})"
        )
        for index, (spec, data) in enumerate(zip(signature.columns, message.data, strict=True))
    }


def concatenate(batches: Iterable[Mapping[str, npt.NDArray[np.generic]]]) -> dict[str, Array]:
    """Row-wise concatenation of batches that have the same columns."""
    parts = list(batches)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
