"""The rows of a table: one array for each column, slots that are free or taken, and keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mazemesh.tensors import Signature
from services.replay.selectors import Slots

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]

_SLOT_BITS = 32
_SLOT_MASK = np.uint64(2**_SLOT_BITS - 1)


class RowStorage:
    """Memory for `capacity` rows; it is reserved at once but only used as rows arrive.

    A key is slot + (generation << 32). A slot's generation is odd while the slot is taken and goes
    up when it is taken and when it is freed, so the key of a row that left fits no later row.
    Generations start at a random even number, so that keys from before a restart fit nothing
    either.
    """

    def __init__(self, signature: Signature, capacity: int, rng: np.random.Generator) -> None:
        self._columns = [
            np.zeros((capacity, column.row_bytes), np.uint8) for column in signature.columns
        ]
        self.priorities = np.zeros(capacity, np.float64)
        self.policy_versions = np.zeros(capacity, np.int64)
        self.times_sampled = np.zeros(capacity, np.int32)
        self._generations = np.zeros(capacity, np.uint32)
        self._epoch = np.uint32(2 * rng.integers(2**31))
        self._free = np.zeros(capacity, np.int64)
        self._num_free = 0
        self._num_fresh = capacity
        self.capacity = capacity

    @property
    def num_free(self) -> int:
        """Slots that are not taken."""
        return self._num_free + self._num_fresh

    def put(self, columns: Sequence[Bytes], rows: int) -> Slots:
        """Copies rows (uint8 [rows, row_bytes] for each column) into free slots: int64 [rows]."""
        slots = self._allocate(rows)
        first = int(slots[0])
        is_run = int(slots[-1]) - first == rows - 1 and bool((np.diff(slots) == 1).all())
        target = slice(first, first + rows) if is_run else slots
        for stored, column in zip(self._columns, columns, strict=True):
            stored[target] = column
        self._generations[slots] += 1
        self.times_sampled[slots] = 0
        return slots

    def gather(self, slots: Slots) -> list[Bytes]:
        """Copies of the rows in `slots`: uint8 [len(slots), row_bytes] for each column."""
        return [column.take(slots, axis=0, mode="clip") for column in self._columns]

    def free(self, slots: Slots) -> None:
        """Gives slots back; their keys become stale."""
        self._generations[slots] += 1
        self._free[self._num_free : self._num_free + len(slots)] = slots
        self._num_free += len(slots)

    def keys(self, slots: Slots) -> Keys:
        """uint64 keys of the rows in `slots`."""
        generations = (self._generations[slots] + self._epoch).astype(np.uint64)
        return (generations << np.uint64(_SLOT_BITS)) | slots.astype(np.uint64)

    def find(self, keys: Keys) -> tuple[Slots, npt.NDArray[np.bool_]]:
        """Slots of the rows still there, and which of `keys` they belong to (bool [len(keys)])."""
        slots = (keys & _SLOT_MASK).astype(np.int64)
        known = slots < self.capacity
        present = self._generations[np.where(known, slots, 0)]
        generations = (keys >> np.uint64(_SLOT_BITS)).astype(np.uint32) - self._epoch
        valid = known & (present == generations) & (present % 2 == 1)
        return slots[valid], valid

    def taken_below(self, policy_version: int) -> Slots:
        """Taken slots whose policy version is lower."""
        used = self.capacity - self._num_fresh
        old = self.policy_versions[:used] < policy_version
        return np.flatnonzero(old & (self._generations[:used] % 2 == 1))

    def lowest_policy_version(self) -> int | None:
        """The lowest policy version of the rows; None when there is no row."""
        used = self.capacity - self._num_fresh
        versions = self.policy_versions[:used][self._generations[:used] % 2 == 1]
        return int(versions.min()) if len(versions) else None

    def _allocate(self, rows: int) -> Slots:
        # Slots that were used come first: their memory is in use already, and warm.
        reused = min(rows, self._num_free)
        self._num_free -= reused
        slots = self._free[self._num_free : self._num_free + reused].copy()
        if reused == rows:
            return slots
        start = self.capacity - self._num_fresh
        self._num_fresh -= rows - reused
        return np.concatenate([slots, np.arange(start, start + rows - reused)])
