"""Columns of a batch as one piece of bytes, so that they reach a GPU by one copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learner.ports import Columns

ALIGNMENT = 256
"""Bytes: what a GPU reads fastest, and more than any type asks for."""

_TYPES = {
    np.dtype(name): getattr(torch, name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "uint64", "float32", "float64")
}


@dataclass(frozen=True)
class Field:
    """Where a column lies: `size` bytes from `start` on."""

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True)
class Layout:
    """Where the columns of a batch lie in one piece of `size` bytes."""

    fields: tuple[Field, ...]
    size: int

    @classmethod
    def of(cls, columns: Columns) -> Layout:
        """One column after the other."""
        fields, start = [], 0
        for name, column in columns.items():
            fields.append(Field(name, column.dtype, column.shape, start, column.nbytes))
            start += -(-column.nbytes // ALIGNMENT) * ALIGNMENT
        return cls(tuple(fields), start)

    def write(self, columns: Columns, memory: npt.NDArray[np.uint8]) -> None:
        """Copies the columns into uint8 [size] or more."""
        for field in self.fields:
            place = memory[field.start : field.start + field.size]
            np.copyto(place.view(field.dtype).reshape(field.shape), columns[field.name])

    def tensors(self, memory: Tensor) -> Mapping[str, Tensor]:
        """The columns as views into uint8 [size] or more."""
        return {
            field.name: memory[field.start : field.start + field.size]
            .view(_TYPES[field.dtype])
            .view(field.shape)
            for field in self.fields
        }
