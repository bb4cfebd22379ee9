"""A checksum of a batch's rows, at the speed of memory: whether a batch came before.

CRC-32 alone reads 2 to 3 GB/s and would take half as long again as the insert of a large batch. So
the bytes are laid out as a table of 64-bit words, 1021 to a line, whose columns are summed (modulo
2^64); the CRC-32 goes over the sums and over what fills no line. The width is prime, so that rows
do not fall into line with each other: where some change places, the sums change. Other rows give
the same only by chance, 1 in 2^32; it is no defence against somebody who looks for such rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.replay.table.storage import Buffer

_WORDS = 1021
_LINE_BYTES = 8 * _WORDS
# Below, summing takes longer than it spares.
_SMALL_BYTES = 2 * _LINE_BYTES
# Below, columns are copied into one: one buffer is summed faster than many. Checkpoints have the
# checksums, so all three numbers are part of their format.
_JOINED_BYTES = 2**18


class Fingerprint:
    """The checksum of a batch, taken when it is first asked for, by any thread.

    It is only needed when a batch comes again, so nobody who waits for an insert has to wait for
    it. Until it is taken it keeps the rows.
    """

    __slots__ = ("_rows", "_value", "held_bytes")

    def __init__(
        self, rows: int, columns: Sequence[Buffer], versions: npt.NDArray[np.int64] | None
    ) -> None:
        """Of `rows` rows of `columns` (rows * row_bytes bytes each) and their policy versions."""
        self._value = 0
        self._rows: tuple[int, Sequence[Buffer], npt.NDArray[np.int64] | None] | None = (
            rows,
            columns,
            versions,
        )
        self.held_bytes = sum(map(len, columns))
        """What it kept when it was made."""

    def value(self) -> int:
        """The checksum."""
        # Read once: whoever finds nothing here finds the value, whatever other threads do.
        rows = self._rows
        if rows is not None:
            self._value = rows_checksum(*rows)
            self._rows = None
        return self._value


def rows_checksum(
    rows: int, columns: Sequence[Buffer], versions: npt.NDArray[np.int64] | None
) -> int:
    """Of the rows of a batch; no versions are versions that are unknown. As `Fingerprint`'s."""
    if sum(map(len, columns)) <= _JOINED_BYTES:
        columns = [b"".join(columns)]
    total = rows
    for column in columns:
        total = checksum(column, total)
    if versions is None:
        return total
    return checksum(versions.astype("<i8", copy=False).view(np.uint8).data, total)


def checksum(data: Buffer, start: int = 0) -> int:
    """Of one buffer; `start` is that of what comes before it. The same on every machine."""
    lines = len(data) // _LINE_BYTES
    if len(data) <= _SMALL_BYTES:
        return zlib.crc32(data, start)
    words = np.frombuffer(data, "<u8", lines * _WORDS).reshape(lines, _WORDS)
    sums = np.add.reduce(words, axis=0)
    start = zlib.crc32(sums.astype("<u8", copy=False).data, start)
    return zlib.crc32(memoryview(data)[lines * _LINE_BYTES :], start)
