"""Arrays of rows, packed and unpacked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.packing.runs import Packing, Run, tests

Bytes = npt.NDArray[np.uint8]


def unpack(packing: Packing, packed: Bytes, out: npt.NDArray[Any] | None = None) -> Bytes:
    """Plain rows uint8 [..., size] of packed ones uint8 [..., row_bytes].

    Args:
        packing: Of the rows.
        packed: C-contiguous, else it is copied first.
        out: uint8 or bool, C-contiguous, of the plain shape: to be written into; None makes one.

    Raises:
        InvalidArgument: another dtype or size of rows.
    """
    from mazemesh.packing import kernels

    _check(packed, packing.row_bytes, "packed")
    shape = (*packed.shape[:-1], packing.size)
    plain = np.empty(shape, np.uint8) if out is None else out.view(np.uint8)
    if plain.shape != shape or not plain.flags.c_contiguous:
        raise InvalidArgument(f"out has the shape {list(plain.shape)}; expected {list(shape)}")
    rows = packed.size // packing.row_bytes
    if rows:
        flat = np.ascontiguousarray(packed).reshape(-1)
        kernels.unpack(flat, plain.reshape(-1), program(packing), rows)
    return plain


def pack(packing: Packing, plain: npt.NDArray[Any], out: Bytes | None = None) -> Bytes:
    """Packed rows uint8 [..., row_bytes] of plain ones uint8 (or bool) [..., size].

    Values are taken for those that their run has; `pack_checked` refuses others.

    Raises:
        InvalidArgument: another dtype or size of rows.
    """
    from mazemesh.packing import kernels

    whole = plain.view(np.uint8) if plain.dtype == np.bool_ else plain
    _check(whole, packing.size, "plain")
    shape = (*whole.shape[:-1], packing.row_bytes)
    packed = np.empty(shape, np.uint8) if out is None else out
    if packed.shape != shape or packed.dtype != np.uint8 or not packed.flags.c_contiguous:
        raise InvalidArgument(f"out has the shape {list(packed.shape)}; expected {list(shape)}")
    rows = whole.size // packing.size
    if rows:
        flat = np.ascontiguousarray(whole).reshape(-1)
        kernels.pack(flat, packed.reshape(-1), program(packing), rows)
    return packed


def pack_checked(packing: Packing, plain: npt.NDArray[Any], field: str) -> Bytes:
    """As `pack`, of rows that may hold anything.

    Raises:
        InvalidArgument: a value is none of those that its run has; names `field`.
    """
    packed = pack(packing, plain)
    whole = plain.view(np.uint8)
    if all(run.bits == (1,) for run in packing.runs) and (not whole.size or whole.max() <= 1):
        return packed
    again = unpack(packing, packed)
    if not np.array_equal(again, whole):
        place = np.argwhere(again != whole)[0]
        raise InvalidArgument(
            f"{field} has the value {whole[tuple(place)]} at {place.tolist()}, which its packing "
            f"has no bits for ({packing})"
        )
    return packed


@lru_cache(maxsize=256)
def program(packing: Packing) -> npt.NDArray[np.int32]:
    """The runs as the kernels take them (`kernels.COLUMNS`), neighbours of one kind as one."""
    from mazemesh.packing.kernels import BITS, COLUMNS, COUNT, MASK, PLACE, SHIFT, TOLD, VALUE

    runs: list[Run] = []
    for run in packing.runs:
        if runs and runs[-1].bits == run.bits and len(run.bits) < 2:
            runs[-1] = Run(runs[-1].count + run.count, run.bits)
        else:
            runs.append(run)
    rows = np.zeros((len(runs), COLUMNS), np.int32)
    bit, byte = 0, -(-sum(run.count * len(run.bits) for run in runs) // 8)
    for row, run in zip(rows, runs, strict=True):
        row[COUNT], row[BITS] = run.count, len(run.bits)
        row[VALUE : VALUE + len(run.bits)] = run.bits
        for index, (mask, told) in enumerate(tests(run.bits)):
            row[MASK + index], row[TOLD + index] = mask, told
        row[SHIFT] = row[TOLD].item().bit_length() - 1 if run.bits else 0
        if run.bits:
            row[PLACE : PLACE + len(run.bits)] = bit + run.count * np.arange(len(run.bits))
            bit += run.count * len(run.bits)
        else:
            row[PLACE] = byte
            byte += run.count
    return rows


def _check(rows: npt.NDArray[Any], size: int, name: str) -> None:
    if rows.dtype != np.uint8 or not rows.ndim or rows.shape[-1] != size:
        raise InvalidArgument(
            f"{name} rows are {rows.dtype.name} {list(rows.shape)}; expected uint8 [..., {size}]"
        )
