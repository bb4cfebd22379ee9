"""Rows of tables as Parquet files, which pyarrow, DuckDB and others read without mazemesh.

A column of the signature is a column of the file: a scalar as a number, anything else as a list of
fixed size in C order, with its shape in the field's metadata; packed ones are unpacked. Beside them
stand `priority` (float64) and `policy_version` (int64) of each row, under the names below.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mazemesh.errors import InvalidArgument
from mazemesh.wire.tensors import ColumnSpec, Signature, plain_array

PRIORITY = "mazemesh.priority"
POLICY_VERSION = "mazemesh.policy_version"


class Rows(NamedTuple):
    """Some rows of a table."""

    columns: Sequence[npt.NDArray[np.uint8]]
    """uint8 [n, row_bytes] for each column of the signature."""
    priorities: npt.NDArray[np.float64]
    policy_versions: npt.NDArray[np.int64]


def write(path: Path, signature: Signature, parts: Iterable[Rows]) -> int:
    """Writes a file, which appears at once when it is whole; returns its rows."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    schema = _schema(signature)
    count = 0
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_batch(_batch(schema, signature, part))
                count += len(part.priorities)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def read(
    path: Path, signature: Signature, batch_rows: int
) -> Iterator[tuple[Mapping[str, npt.NDArray[Any]], Rows]]:
    """Columns by name as `ExperienceWriter.append` takes them, and what goes with each row.

    Raises:
        InvalidArgument: the file lacks a column, or has it with another type or size.
    """
    file = pq.ParquetFile(path)
    names = set(file.schema_arrow.names)
    for spec in signature.columns:
        wanted = _type(spec)
        if spec.name not in names or file.schema_arrow.field(spec.name).type != wanted:
            found = file.schema_arrow.field(spec.name).type if spec.name in names else "missing"
            raise InvalidArgument(f"{path}: column {spec.name!r} is {found}; expected {wanted}")
    for batch in file.iter_batches(batch_rows):
        columns = {
            spec.name: _values(batch.column(spec.name)).reshape(-1, *spec.shape)
            for spec in signature.columns
        }
        yield columns, _beside(batch, names)


def _beside(batch: pa.RecordBatch, names: set[str]) -> Rows:
    rows = batch.num_rows
    priorities = _values(batch.column(PRIORITY)) if PRIORITY in names else np.ones(rows)
    versions = (
        _values(batch.column(POLICY_VERSION))
        if POLICY_VERSION in names
        else np.full(rows, -1, np.int64)
    )
    return Rows((), priorities, versions)


def _type(spec: ColumnSpec) -> pa.DataType:
    value = pa.from_numpy_dtype(spec.dtype)
    return pa.list_(value, math.prod(spec.shape)) if spec.shape else value


def _schema(signature: Signature) -> pa.Schema:
    fields = [
        pa.field(spec.name, _type(spec), metadata={"shape": json.dumps(spec.shape)})
        for spec in signature.columns
    ]
    return pa.schema(
        [*fields, pa.field(PRIORITY, pa.float64()), pa.field(POLICY_VERSION, pa.int64())]
    )


def _batch(schema: pa.Schema, signature: Signature, part: Rows) -> pa.RecordBatch:
    arrays = []
    for spec, column in zip(signature.columns, part.columns, strict=True):
        stored = np.ascontiguousarray(column).view(spec.stored_dtype)
        plain = plain_array(spec, stored.reshape(len(column), *spec.stored_shape))
        flat = pa.array(plain.reshape(-1))
        size = math.prod(spec.shape)
        arrays.append(
            pa.FixedSizeListArray.from_arrays(flat, size) if spec.shape and size else flat
        )
    arrays += [pa.array(part.priorities), pa.array(part.policy_versions)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _values(column: pa.Array) -> npt.NDArray[Any]:
    flat = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
    values: npt.NDArray[Any] = flat.to_numpy(zero_copy_only=False)
    return values
