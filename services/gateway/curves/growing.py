"""An array that grows at its end, and can be cut there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Growing:
    """Rows of numbers in one array with room to spare, so that adding rows copies them once.

    Args:
        dtype: Of the numbers.
        width: Numbers of a row; 0: the array has one axis.
    """

    def __init__(self, dtype: npt.DTypeLike, width: int = 0) -> None:
        self._shape = (width,) if width else ()
        self._room = np.empty((0, *self._shape), dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def rows(self) -> npt.NDArray[np.floating]:
        """All rows, as a view that holds until the next change."""
        return self._room[: self._size]

    @property
    def nbytes(self) -> int:
        """Of memory, the spare room included."""
        return self._room.nbytes

    def extend(self, rows: npt.ArrayLike) -> None:
        """Adds rows."""
        added = np.asarray(rows, self._room.dtype)
        size = self._size + len(added)
        if size > len(self._room):
            room = np.empty((max(size, 2 * len(self._room)), *self._shape), self._room.dtype)
            room[: self._size] = self.rows
            self._room = room
        self._room[self._size : size] = added
        self._size = size

    def cut(self, size: int) -> None:
        """Keeps the first `size` rows."""
        self._size = min(self._size, size)
