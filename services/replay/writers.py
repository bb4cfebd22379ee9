"""Exactly-once inserts: what each writer sent last, and what it was answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mazemesh.errors import FailedPrecondition
from services.replay.storage import Keys


class _Last(NamedTuple):
    sequence: int
    keys: Keys


class Writers:
    """The last batch of each writer; beyond `limit` the least recent is forgotten."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last: OrderedDict[str, _Last] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    def is_duplicate(self, writer_id: str, sequence: int) -> bool:
        """Whether the batch was inserted before."""
        last = self._last.get(writer_id)
        return last is not None and sequence <= last.sequence

    def answer(self, writer_id: str, sequence: int) -> Keys | None:
        """Keys that a duplicate was answered; None when a later batch came since."""
        last = self._last[writer_id]
        return last.keys if last.sequence == sequence else None

    def check_next(self, writer_id: str, sequence: int) -> None:
        """Accepts the sequence after the writer's last one, or any from a writer that is not known.

        Raises:
            FailedPrecondition: batches between are missing; names the expected sequence.
        """
        last = self._last.get(writer_id)
        if last is not None and sequence > last.sequence + 1:
            raise FailedPrecondition(
                f"sequence is {sequence}; expected {last.sequence + 1} from writer {writer_id!r}"
            )

    def remember(self, writer_id: str, sequence: int, keys: Keys) -> None:
        """Notes an inserted batch."""
        self._last[writer_id] = _Last(sequence, keys)
        self._last.move_to_end(writer_id)
        if len(self._last) > self._limit:
            self._last.popitem(last=False)

    def image(self) -> tuple[list[tuple[str, int, int]], Keys]:
        """(writer, sequence, number of keys) from the least recent on, and all their keys."""
        known = [(name, last.sequence, len(last.keys)) for name, last in self._last.items()]
        keys = [last.keys for last in self._last.values()]
        return known, np.concatenate(keys) if keys else np.zeros(0, np.uint64)

    def restore(self, known: Sequence[tuple[str, int, int]], keys: Keys) -> None:
        """Takes over what `image` gave."""
        start = 0
        for name, sequence, count in known:
            self.remember(name, sequence, keys[start : start + count])
            start += count
