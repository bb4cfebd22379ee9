"""numpy <-> wire: the only codec for tensors, signatures and columns.

Decoding never copies: arrays are read-only views on the received `bytes`. Encoding copies once.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar, overload

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.packing.rows import pack_checked, unpack
from mazemesh.packing.runs import MOST_RUNS, Packing
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

_PACKED_NAMES = ("uint8", "bool")
_UINT8: np.dtype[np.generic] = np.dtype(np.uint8)

_BIG_ENDIAN = "=>" if sys.byteorder == "big" else ">"
"""How numpy calls the byte orders that are not the wire's."""


@dataclass(frozen=True)
class ColumnSpec:
    """One named column of a signature: element type and the shape of ONE row.

    Attributes:
        name: Of the column.
        dtype: Of its elements.
        shape: Of a row.
        packing: How the last axis is stored and sent in fewer bytes; None: as it is.
    """

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    packing: Packing | None = None

    def __post_init__(self) -> None:
        """Refuses element types that do not travel, and packings that do not fit.

        Raises:
            InvalidArgument: `dtype` is none of DataType, or the packing is of other elements.
        """
        if self.dtype not in _TO_WIRE:
            raise InvalidArgument(
                f"column {self.name!r} has the dtype {self.dtype}; expected one of "
                f"{', '.join(_NAMES)}"
            )
        if self.packing is None:
            return
        if self.dtype.name not in _PACKED_NAMES:
            raise InvalidArgument(
                f"column {self.name!r} of {self.dtype.name} has a packing; expected "
                f"{' or '.join(_PACKED_NAMES)}"
            )
        if self.shape[-1:] != (self.packing.size,):
            raise InvalidArgument(
                f"column {self.name!r} of shape {list(self.shape)} has a packing of "
                f"{self.packing.size} elements; expected those of its last axis"
            )
        if self.dtype.name == "bool" and any(run.bits != (1,) for run in self.packing.runs):
            raise InvalidArgument(
                f"column {self.name!r} of bool is packed as {self.packing}; expected runs of [1]"
            )

    @cached_property
    def plain(self) -> ColumnSpec:
        """The same column, not packed."""
        return self if self.packing is None else replace(self, packing=None)

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one row as it is stored and sent: packed, where there is a packing."""
        return self.stored_dtype.itemsize * math.prod(self.stored_shape)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Of one row as it is stored: the last axis in bytes, where it is packed."""
        return self.shape if self.packing is None else (*self.shape[:-1], self.packing.row_bytes)

    @property
    def stored_dtype(self) -> np.dtype[np.generic]:
        """Of what is stored."""
        return self.dtype if self.packing is None else _UINT8

    @cached_property
    def wire_dtype(self) -> np.dtype[np.generic]:
        """As it is on the wire: little-endian."""
        return self.stored_dtype.newbyteorder("<")

    def __str__(self) -> str:
        text = f"{self.name}:{self.dtype.name}:{','.join(map(str, self.shape))}"
        return text if self.packing is None else f"{text}:{self.packing}"


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
    def plain(self) -> Signature:
        """The same columns, none of them packed."""
        return Signature(tuple(column.plain for column in self.columns)) if self.packs else self

    @cached_property
    def packs(self) -> bool:
        """Whether any column is packed."""
        return any(column.packing is not None for column in self.columns)

    @cached_property
    def hash(self) -> int:
        """64-bit hash as specified in tensor.proto: of the columns as they are when not packed."""
        return _hash(column.plain for column in self.columns)

    @cached_property
    def packed_hash(self) -> int:
        """The hash under which packed columns travel; `hash`, where none is packed."""
        return _hash(self.columns)

    def form(self, signature_hash: int) -> Signature | None:
        """In which form a batch with this hash is: packed, plain, or None for neither."""
        if signature_hash == self.packed_hash:
            return self
        return self.plain if signature_hash == self.hash else None

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
                pb.TensorSpec(
                    name=c.name, dtype=_TO_WIRE[c.dtype], shape=c.shape, packing=_runs(c.packing)
                )
                for c in self.columns
            ],
            hash=self.hash,
            packed_hash=self.packed_hash if self.packs else 0,
        )

    @classmethod
    def from_proto(cls, message: pb.Signature) -> Signature:
        """Reads and checks a signature.

        Raises:
            InvalidArgument: no columns or more than MOST_COLUMNS, a doubled, empty or long name, an
                unknown dtype, a negative or too many dimensions, a packing that does not fit, or a
                hash that is not the columns'.
        """
        if not 1 <= len(message.columns) <= MOST_COLUMNS:
            raise InvalidArgument(
                f"signature.columns has {len(message.columns)} entries; expected 1..{MOST_COLUMNS}"
            )
        runs = sum(len(spec.packing) for spec in message.columns)
        if runs > MOST_RUNS:
            raise InvalidArgument(
                f"signature.columns have packings of {runs} runs; expected at most {MOST_RUNS}"
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
        if message.packed_hash and message.packed_hash != signature.packed_hash:
            raise InvalidArgument(
                f"signature.packed_hash is {message.packed_hash:#x}; its columns hash to "
                f"{signature.packed_hash:#x}"
            )
        return signature


def _hash(columns: Iterable[ColumnSpec]) -> int:
    text = "".join(f"{column};" for column in columns)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _runs(packing: Packing | None) -> list[pb.PackedRun]:
    runs = () if packing is None else packing.runs
    return [pb.PackedRun(count=run.count, bits=run.bits) for run in runs]


def _packing(field: str, runs: Sequence[pb.PackedRun]) -> Packing | None:
    if not runs:
        return None
    try:
        return Packing.of((run.count, run.bits) for run in runs)
    except InvalidArgument as error:
        raise InvalidArgument(f"{field}: {error}") from None


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
    packing = _packing(f"{field} ({spec.name!r}).packing", spec.packing)
    dtype = np.dtype(_FROM_WIRE[spec.dtype].name)
    return ColumnSpec(spec.name, dtype, tuple(spec.shape), packing)


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
    return [
        np.ascontiguousarray(_stored(spec, array, rows), spec.wire_dtype)
        for spec, array in zip(signature.columns, arrays, strict=True)
    ]


def _stored(spec: ColumnSpec, array: Array, rows: int) -> Array:
    """A column as it is stored, given so or plain."""
    if array.shape == (rows, *spec.stored_shape) and array.dtype == spec.stored_dtype:
        return array
    if array.shape != (rows, *spec.shape) or array.dtype != spec.dtype:
        raise InvalidArgument(
            f"column {spec.name!r} is {array.dtype.name} {list(array.shape)}; "
            f"expected {spec.dtype.name} {[rows, *spec.shape]}"
        )
    assert spec.packing is not None
    return pack_checked(spec.packing, array, f"column {spec.name!r}")


def to_columns(signature: Signature, columns: Mapping[str, npt.ArrayLike]) -> pb.Columns:
    """A batch of rows; `columns[name]` has shape [rows, *spec.shape] for each column.

    Columns that the signature packs may be given packed or plain, and travel packed.

    Raises:
        InvalidArgument: a column is missing, too many, of another shape or dtype, or has values
            that its packing has not.
    """
    arrays = to_arrays(signature, columns)
    data = [array.tobytes() for array in arrays]
    return pb.Columns(signature_hash=signature.packed_hash, rows=len(arrays[0]), data=data)


def from_columns(signature: Signature, message: pb.Columns) -> dict[str, npt.NDArray[np.generic]]:
    """Read-only views [rows, *shape] by column name; of packed columns, plain copies.

    Raises:
        InvalidArgument: another signature hash, a negative row count, a missing column, or a
            column whose bytes do not fit, named.
    """
    form, arrays = stored_arrays(signature, message.signature_hash, message.rows, message.data)
    return {
        spec.name: array if spec.packing is None else plain_array(spec, array)
        for spec, array in zip(form.columns, arrays, strict=True)
    }


def stored_arrays(
    signature: Signature, signature_hash: int, rows: int, data: Sequence[bytes | memoryview]
) -> tuple[Signature, list[Array]]:
    """The form in which a batch came, and its columns in that form: views [rows, *stored_shape].

    Raises:
        InvalidArgument: as `from_columns`.
    """
    form = signature.form(signature_hash)
    if form is None:
        raise InvalidArgument(
            f"columns.signature_hash is {signature_hash:#x}; expected {signature.hash:#x} "
            f"for {signature.describe()}"
        )
    if rows < 0 or len(data) != len(form.columns):
        raise InvalidArgument(
            f"columns has {rows} rows and {len(data)} data entries; "
            f"expected {len(form.columns)} entries ({form.describe()})"
        )
    return form, [
        from_bytes(
            content,
            spec.wire_dtype,
            (rows, *spec.stored_shape),
            f"columns.data[{index}] ({spec.name!r})",
        )
        for index, (spec, content) in enumerate(zip(form.columns, data, strict=True))
    ]


def plain_array(spec: ColumnSpec, stored: Array) -> Array:
    """The elements [rows, *shape] of a stored column."""
    if spec.packing is None:
        return stored
    return unpack(spec.packing, stored.view(np.uint8)).view(spec.dtype)
