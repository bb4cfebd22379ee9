"""The rows of a table: one array for each column, slots that are free or taken, and keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mazemesh.wire.tensors import Signature
from services.replay.selectors.selector import Reals, Slots
from services.replay.table.memory import populate
from services.replay.table.row_copy import RowCopy, RowSlice

Buffer: TypeAlias = bytes | memoryview
Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]

_SLOT_BITS = 32
_SLOT_MASK = np.uint64(2**_SLOT_BITS - 1)
# Row numbers go round within 1..2^32-1; 0 is a free slot.
_ROW_NUMBERS = 2**32 - 1


class RowStorage:
    """Memory for `capacity` rows; it is reserved at once but only used as rows arrive.

    A key is slot + (row number << 32). Rows are numbered in the order of their arrival, so the key
    of a row that left fits no later row. Numbers start at random, in a new table and again after a
    restart, so that keys of rows that were lost fit nothing either.
    """

    def __init__(self, signature: Signature, capacity: int, rng: np.random.Generator) -> None:
        self._columns = [
            np.zeros((capacity, column.row_bytes), np.uint8) for column in signature.columns
        ]
        self._row_bytes = [column.row_bytes for column in signature.columns]
        # The same memory once more: one slice of it is copied with the least ado.
        self._flat = [column.reshape(-1).data for column in self._columns]
        self.priorities = np.zeros(capacity, np.float64)
        self.policy_versions = np.zeros(capacity, np.int64)
        self.times_sampled = np.zeros(capacity, np.int32)
        self._numbers = np.zeros(capacity, np.uint32)
        self._next_number = int(rng.integers(_ROW_NUMBERS))
        self._free = np.zeros(capacity, np.int64)
        self._num_free = 0
        self._num_fresh = capacity
        self._copy: RowCopy | None = None
        self.capacity = capacity

    @property
    def num_free(self) -> int:
        """Slots that are not taken."""
        return self._num_free + self._num_fresh

    def allocate(self, rows: int) -> Slots:
        """Takes free slots, of which there must be as many: int64 [rows]."""
        # Slots that were used come first: their memory is in use already, and warm.
        reused = min(rows, self._num_free)
        self._num_free -= reused
        slots = self._free[self._num_free : self._num_free + reused].copy()
        if reused == rows:
            return slots
        start = self.capacity - self._num_fresh
        self._num_fresh -= rows - reused
        return np.concatenate([slots, np.arange(start, start + rows - reused)])

    def fresh_among(self, rows: int) -> int:
        """How many of `rows` new rows will take slots that no row was in before."""
        return max(0, min(rows - self._num_free, self._num_fresh))

    def populate(self, rows: int) -> None:
        """Has the system give the memory that `rows` new rows will take, from any thread.

        Otherwise it does so as they are copied, a page at a time: that takes as long as several
        copies. What is in the rows stays as it is.
        """
        start, fresh = self.capacity - self._num_fresh, self.fresh_among(rows)
        for flat, size in zip(self._flat, self._row_bytes, strict=True):
            populate(flat[start * size : (start + fresh) * size])

    def put(
        self,
        slots: Slots,
        columns: Sequence[Buffer],
        priorities: Reals,
        policy_versions: npt.NDArray[np.int64] | int,
    ) -> Keys:
        """Copies rows into slots that are allocated, or hold rows that leave.

        Args:
            slots: int64 [rows].
            columns: rows * row_bytes bytes for each column.
            priorities: float64 [rows].
            policy_versions: int64 [rows], or one for all.

        Returns:
            uint64 [rows]: the keys of the rows.
        """
        if self._copy is not None:
            self._copy.keep(slots)
        where = _as_slice(slots)
        if isinstance(where, slice):
            for flat, size, column in zip(self._flat, self._row_bytes, columns, strict=True):
                flat[where.start * size : where.stop * size] = column
        else:
            for stored, size, column in zip(self._columns, self._row_bytes, columns, strict=True):
                stored[where] = np.frombuffer(column, np.uint8).reshape(len(slots), size)
        numbers = self._take_numbers(len(slots))
        self._numbers[where] = numbers
        self.times_sampled[where] = 0
        self.priorities[where] = priorities
        self.policy_versions[where] = policy_versions
        return _join_keys(numbers, slots)

    def gather(self, slots: Slots) -> list[Bytes]:
        """Copies of the rows in `slots`: uint8 [len(slots), row_bytes] for each column."""
        return [column.take(slots, axis=0, mode="clip") for column in self._columns]

    def free(self, slots: Slots) -> None:
        """Gives slots back; their keys become stale."""
        self._numbers[slots] = 0
        self._free[self._num_free : self._num_free + len(slots)] = slots
        self._num_free += len(slots)

    def keys(self, slots: Slots) -> Keys:
        """uint64 keys of the rows in `slots`."""
        return _join_keys(self._numbers[slots].astype(np.uint64), slots)

    def find(self, keys: Keys) -> tuple[Slots, npt.NDArray[np.bool_]]:
        """Slots of the rows still there, and which of `keys` they belong to (bool [len(keys)])."""
        slots = (keys & _SLOT_MASK).view(np.int64)
        numbers = keys >> np.uint64(_SLOT_BITS)
        valid = self._numbers.take(slots, mode="clip") == numbers
        # No row has the number 0, which free slots have.
        valid &= (slots < self.capacity) & (numbers != 0)
        return slots[valid], valid

    def taken_below(self, policy_version: int) -> Slots:
        """Taken slots whose policy version is lower."""
        old = self.policy_versions[: self._num_used] < policy_version
        return np.flatnonzero(old & self._taken)

    def taken_between(self, start: int, stop: int) -> Slots:
        """Taken slots from `start` to before `stop`."""
        return start + np.flatnonzero(self._numbers[start : min(stop, self._num_used)] != 0)

    def lowest_policy_version(self) -> int | None:
        """The lowest policy version of the rows; None when there is no row."""
        versions = self.policy_versions[: self._num_used][self._taken]
        return int(versions.min()) if len(versions) else None

    def number_from(self, number: int) -> None:
        """Numbers the next rows from `number` on."""
        self._next_number = number

    def image(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Copies of everything but the columns: scalars, and arrays by name."""
        used = self._num_used
        scalars = {"next_number": self._next_number % _ROW_NUMBERS, "used": used}
        arrays: dict[str, npt.NDArray[Any]] = {
            "priorities": self.priorities[:used],
            "policy_versions": self.policy_versions[:used],
            "times_sampled": self.times_sampled[:used],
            "numbers": self._numbers[:used],
            "free": self._free[: self._num_free],
        }
        return scalars, {name: array.copy() for name, array in arrays.items()}

    def restore(
        self,
        scalars: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        rows: Iterable[RowSlice],
    ) -> None:
        """Fills an empty storage from an image and the rows that were copied with it."""
        used = int(scalars["used"])
        self._next_number = int(scalars["next_number"])
        self.priorities[:used] = arrays["priorities"]
        self.policy_versions[:used] = arrays["policy_versions"]
        self.times_sampled[:used] = arrays["times_sampled"]
        self._numbers[:used] = arrays["numbers"]
        self._num_free = len(arrays["free"])
        self._free[: self._num_free] = arrays["free"]
        self._num_fresh = self.capacity - used
        for part in rows:
            for stored, column in zip(self._columns, part.columns, strict=True):
                stored[part.slots] = column

    def begin_copy(self) -> RowCopy:
        """A copy of the rows as they are now, made while the table goes on; `end_copy` ends it."""
        self._copy = RowCopy(self._columns, self._taken)
        return self._copy

    def end_copy(self) -> None:
        """Nobody needs the copy any longer."""
        self._copy = None

    def _take_numbers(self, rows: int) -> Keys:
        """The next row numbers: uint64 [rows]."""
        start = self._next_number % _ROW_NUMBERS + 1
        self._next_number += rows
        numbers = np.arange(start, start + rows, dtype=np.uint64)
        return numbers if start + rows <= _ROW_NUMBERS else (numbers - 1) % _ROW_NUMBERS + 1

    @property
    def _num_used(self) -> int:
        return self.capacity - self._num_fresh

    @property
    def _taken(self) -> npt.NDArray[np.bool_]:
        """Which of the used slots hold a row: bool [used slots]."""
        taken: npt.NDArray[np.bool_] = self._numbers[: self._num_used] != 0
        return taken


def _as_slice(slots: Slots) -> slice | Slots:
    """What names the same slots; a slice where they follow each other: that is copied at once."""
    first, count = int(slots[0]), len(slots)
    if int(slots[-1]) - first != count - 1 or (slots != np.arange(first, first + count)).any():
        return slots
    return slice(first, first + count)


def _join_keys(numbers: Keys, slots: Slots) -> Keys:
    return (numbers << np.uint64(_SLOT_BITS)) | slots.view(np.uint64)
