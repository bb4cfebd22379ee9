"""Rows of many callers become one batch: who waits, for whom, and for how long.

Rows wait while the batch before them runs. When nothing runs they wait for about half of those who
called lately, so that one half is answered and asks anew while the other is run, and at most for
the budget; a lone caller never waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from mazemesh.errors import DeadlineExceeded
from services.model.inference.calls import Choosing, Part

MOST_BATCH_BYTES: Final = 16 * 1024 * 1024
"""Of inputs and outputs of a batch of several callers."""

_FORGETS: Final = 0.25
"""Of the number of callers, with each batch."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A caller's rows.

    Attributes:
        rows: How many.
        columns: Data of all inputs, in order.
        choosing: How actions are chosen.
        deadline: After which nobody waits for them.
        came: When they came.
        size_bytes: Of inputs and outputs.
        done: Gets the part of the batch, or why there is none; cancelled when the caller has gone.
    """

    rows: int
    columns: list[bytes]
    choosing: Choosing
    deadline: float
    came: float
    size_bytes: int
    done: asyncio.Future[Part]


class Queue:
    """What waits for one version.

    Args:
        most_rows: Of a batch; a caller with more has one alone.
        budget: Seconds that rows wait for others while nothing runs.
    """

    def __init__(self, most_rows: int, budget: float) -> None:
        self._most_rows, self._budget = most_rows, budget
        self._waiting: deque[Waiting] = deque()
        self._alone: deque[Waiting] = deque()
        self._callers = 1.0
        self.expired = 0
        """Callers whose time ran out while their rows waited."""

    def __len__(self) -> int:
        """Callers that wait."""
        return len(self._waiting) + len(self._alone)

    def put(self, one: Waiting) -> None:
        """Adds rows at the end."""
        self._waiting.append(one)

    def put_back(self, batch: list[Waiting]) -> None:
        """These failed together, and which of them is to blame shows when each is run alone."""
        self._alone.extend(batch)

    def pause(self, now: float) -> float | None:
        """Seconds until a batch should be taken, when nothing runs; None: nobody waits."""
        if self._alone:
            return 0.0
        if not self._waiting:
            return None
        if 2 * len(self._waiting) >= self._callers:
            return 0.0
        return max(0.0, self._waiting[0].came + self._budget - now)

    def take(self, now: float) -> list[Waiting]:
        """The next batch, those first that came first; empty when nobody waits any more."""
        while self._alone:
            one = self._alone.popleft()
            if self._is_wanted(one, now):
                return [one]
        batch: list[Waiting] = []
        rows = size = 0
        while self._waiting:
            one = self._waiting[0]
            if not self._is_wanted(one, now):
                self._waiting.popleft()
                continue
            rows, size = rows + one.rows, size + one.size_bytes
            if batch and (rows > self._most_rows or size > MOST_BATCH_BYTES):
                break
            batch.append(self._waiting.popleft())
        # All who call at the same time are seen as they wait, or in two batches in turn.
        present = len(batch) + len(self._waiting)
        self._callers = max(float(present), self._callers + _FORGETS * (present - self._callers))
        return batch

    def fail(self, error: Exception) -> None:
        """Tells all who wait that there is no answer."""
        for one in (*self._alone, *self._waiting):
            if not one.done.done():
                one.done.set_exception(error)
        self._alone.clear()
        self._waiting.clear()

    def _is_wanted(self, one: Waiting, now: float) -> bool:
        if one.done.done():  # its caller has gone
            return False
        if one.deadline > now:
            return True
        self.expired += 1
        waited = now - one.came
        one.done.set_exception(
            DeadlineExceeded(f"the call's time ran out while its rows waited ({waited:.3f} s)")
        )
        return False
