"""Columns by name <-> the wire, for calls that agree on no signature (`NamedColumn`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import tensor_pb2 as pb
from mazemesh.wire.tensors import dtype_from_wire, dtype_to_wire, from_bytes, to_bytes

Array = npt.NDArray[Any]


def named_columns(columns: Mapping[str, npt.ArrayLike]) -> Iterator[pb.NamedColumn]:
    """Each column [rows, ...] as a message, of its array's own type.

    Raises:
        InvalidArgument: one has a type that does not travel.
    """
    for name, given in columns.items():
        array = np.asarray(given)
        dtype = dtype_to_wire(array.dtype.newbyteorder("="))
        yield pb.NamedColumn(name=name, dtype=dtype, data=to_bytes(array, array.dtype))


def rows_of(columns: Mapping[str, npt.ArrayLike]) -> int:
    """How many rows all columns have.

    Raises:
        InvalidArgument: there is no column, one has no rows, or they differ.
    """
    rows = {name: np.shape(array)[:1] for name, array in columns.items()}
    if not rows:
        raise InvalidArgument("columns is empty; expected at least the observations")
    if len(set(rows.values())) > 1 or () in rows.values():
        raise InvalidArgument(f"columns have the rows {rows}; expected the same of each")
    return int(next(iter(rows.values()))[0])


def arrays_of(columns: Iterable[pb.NamedColumn], rows: int) -> dict[str, Array]:
    """Columns of an answer as arrays [rows, ...], read-only views of what was received.

    Raises:
        InvalidArgument: one has no known type, or is not as long as its rows.
    """
    return {
        one.name: from_bytes(
            one.data, dtype_from_wire(one.dtype, one.name), (rows, *one.shape), one.name
        )
        for one in columns
    }
