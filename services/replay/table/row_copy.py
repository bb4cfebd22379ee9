"""A copy of the rows of one moment, made in slices while the table goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.replay.selectors.selector import Slots

_SLICE_BYTES = 2**20


class RowSlice(NamedTuple):
    """Some rows of a copy."""

    slots: Slots
    """int64 [n]."""
    columns: Sequence[npt.NDArray[np.uint8]]
    """uint8 [n, row_bytes] for each column."""


class RowCopy:
    """The rows that are there when it is made.

    A row stays in its slot unchanged until another one is put there. So it is enough to set those
    rows aside that are overwritten before their slice was copied: copy on write.
    """

    def __init__(
        self, columns: Sequence[npt.NDArray[np.uint8]], taken: npt.NDArray[np.bool_]
    ) -> None:
        self._columns = columns
        # Rows still to be copied.
        self._wanted = taken
        self._cursor = 0
        self._step = max(1, _SLICE_BYTES // max(1, sum(c.shape[1] for c in columns)))
        self._aside: list[RowSlice] = []

    def keep(self, slots: Slots) -> None:
        """Sets aside what `slots` hold; to be called before they are overwritten."""
        late = slots[(slots >= self._cursor) & (slots < len(self._wanted))]
        late = late[self._wanted[late]]
        if len(late):
            self._wanted[late] = False
            self._aside.append(self._rows(late))

    def next(self) -> RowSlice | None:
        """A part of the rows that were not given yet; None at the end."""
        # What was set aside takes memory until it is given.
        if self._aside:
            return self._aside.pop()
        while self._cursor < len(self._wanted):
            start = self._cursor
            self._cursor += self._step
            slots = start + np.flatnonzero(self._wanted[start : self._cursor])
            if len(slots):
                return self._rows(slots)
        return None

    def _rows(self, slots: Slots) -> RowSlice:
        return RowSlice(slots, [column.take(slots, axis=0) for column in self._columns])
