"""Selection by the highest or the lowest priority."""

from __future__ import annotations

import numpy as np

from services.replay.selectors import heap_kernels as kernels
from services.replay.selectors.selector import REMOVE, Counts, Draw, Reals, Slots


class Heap:
    """The row of the highest (or lowest) priority; of equal ones the least recently changed.

    A tournament tree: each node holds the slot that wins among those below it.
    """

    def __init__(self, capacity: int, *, lowest_first: bool) -> None:
        leaves = 1 << (capacity - 1).bit_length()
        # Of each node the winning slot + 1, 0 where nobody is below: zeros cost no memory.
        self._winners = np.zeros(2 * leaves, np.int32)
        self._ranks = np.zeros(capacity, np.float64)
        self._tickets = np.zeros(capacity, np.int64)
        self._sign = -1.0 if lowest_first else 1.0
        # The other way round, for the highest priority where the lowest is on top.
        self._highest = Heap(capacity, lowest_first=False) if lowest_first else None
        self._next_ticket = 1
        self._size = 0

    def add(self, slots: Slots, priorities: Reals) -> None:
        """Takes in slots with their priorities."""
        self._size += len(slots)
        self._enter(slots, priorities)
        if self._highest is not None:
            self._highest.add(slots, priorities)

    def update(self, slots: Slots, priorities: Reals) -> None:
        """Changes priorities; of a slot that comes twice the last one stays."""
        self._enter(slots, priorities)
        if self._highest is not None:
            self._highest.update(slots, priorities)

    def remove(self, slots: Slots) -> None:
        """Forgets slots."""
        self._size -= len(slots)
        kernels.leave(self._winners, self._ranks, self._tickets, slots)
        if self._highest is not None:
            self._highest.remove(slots)

    def replace(self, slots: Slots, priorities: Reals) -> None:
        """The slots stay where they are and get the priorities of the rows that arrived."""
        self.update(slots, priorities)

    def exchange(self, rng: np.random.Generator, times: Counts, priorities: Reals) -> Slots:
        """Rows leave and others arrive in their places; see `Selector.exchange`."""
        slots = self.draw(len(priorities), rng, times, REMOVE).slots
        self.add(slots, priorities)
        return slots

    def draw(self, count: int, rng: np.random.Generator, times: Counts, limit: int) -> Draw:
        """The slot on top, as often as the limit allows, then the next; see `Selector.draw`."""
        draw = Draw(
            slots=np.empty(count, np.int64),
            probabilities=np.ones(count),
            counts=np.empty(count, np.int32),
            spent=np.empty(count, np.int64),
        )
        gone = kernels.draw_top(
            self._winners, self._ranks, self._tickets, times, limit,
            draw.slots, draw.counts, draw.spent,
        )  # fmt: skip
        self._size -= gone
        spent = draw.spent[:gone]
        if self._highest is not None:
            self._highest.remove(spent)
        return draw._replace(spent=spent)

    def members(self) -> Counts:
        """int32 [size]: the slots, whose order is that of `tickets`."""
        leaves = len(self._winners) // 2
        return np.flatnonzero(self._winners[leaves:]).astype(np.int32)

    def tickets(self) -> Slots | None:
        """int64 [size]: when each member was changed. Whoever restores them sorts: that is slow."""
        return self._tickets[self.members()]

    def mass(self) -> float:
        """The number of slots."""
        return float(self._size)

    def highest_priority(self) -> float | None:
        """The highest priority present; 1 when there is no slot."""
        if not self._size:
            return 1.0
        if self._highest is not None:
            return self._highest.highest_priority()
        return float(self._ranks[self._winners[1] - 1])

    def _enter(self, slots: Slots, priorities: Reals) -> None:
        self._ranks[slots] = self._sign * priorities
        self._tickets[slots] = np.arange(self._next_ticket, self._next_ticket + len(slots))
        self._next_ticket += len(slots)
        kernels.enter(self._winners, self._ranks, self._tickets, slots)
