"""Columns of a batch as one piece of bytes, so that they reach a GPU by one copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learner.ports import Columns
from mazemesh.wire.stored_columns import StoredColumns
from mazemesh.wire.tensors import ColumnSpec

ALIGNMENT = 256
"""Bytes: what a GPU reads fastest, and more than any type asks for."""

_TYPES = {
    np.dtype(name): getattr(torch, name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "uint64", "float32", "float64")
}


@dataclass(frozen=True)
class Field:
    """Where a column lies: `size` bytes from `start` on, as it came.

    Attributes:
        spec: Of what came packed (`mazemesh.packing`); None for what is plain.
    """

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    start: int
    size: int
    spec: ColumnSpec | None = None


@dataclass(frozen=True)
class Layout:
    """Where the columns of a batch lie in one piece of `size` bytes."""

    fields: tuple[Field, ...]
    size: int

    @classmethod
    def of(cls, columns: Columns) -> Layout:
        """One column after the other."""
        fields, start = [], 0
        packed = _packed(columns)
        for name, column in as_they_came(columns).items():
            about = name, column.dtype, column.shape, start, column.nbytes
            fields.append(Field(*about, packed.get(name)))
            start += -(-column.nbytes // ALIGNMENT) * ALIGNMENT
        return cls(tuple(fields), start)

    def write(self, columns: Columns, memory: npt.NDArray[np.uint8]) -> None:
        """Copies the columns into uint8 [size] or more."""
        stored = as_they_came(columns)
        for field in self.fields:
            place = memory[field.start : field.start + field.size]
            np.copyto(place.view(field.dtype).reshape(field.shape), stored[field.name])

    def tensors(self, memory: Tensor) -> Mapping[str, Tensor]:
        """The columns as they came, as views into uint8 [size] or more."""
        return {
            field.name: memory[field.start : field.start + field.size]
            .view(_TYPES[field.dtype])
            .view(field.shape)
            for field in self.fields
        }


def as_they_came(columns: Columns) -> Columns:
    """Columns of a batch, those that are packed in the bytes in which they are."""
    return columns.stored if isinstance(columns, StoredColumns) else columns


def _packed(columns: Columns) -> dict[str, ColumnSpec]:
    if not isinstance(columns, StoredColumns):
        return {}
    return {spec.name: spec for spec in columns.form.columns if spec.packing is not None}
