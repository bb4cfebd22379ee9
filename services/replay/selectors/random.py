"""Uniform and prioritized selection; every batch is one call into compiled code."""

from __future__ import annotations

import numpy as np

from services.replay.selectors import tree_kernels as kernels
from services.replay.selectors.selector import REMOVE, Counts, Draw, Reals, Slots


class Uniform:
    """Every slot with equal probability."""

    def __init__(self, capacity: int) -> None:
        self._members = np.zeros(capacity, np.int32)
        self._places = np.zeros(capacity, np.int32)
        self._size = 0

    def add(self, slots: Slots, priorities: Reals) -> None:
        """Takes in slots; the priorities do not matter."""
        self._size = kernels.add_members(self._members, self._places, self._size, slots)

    def update(self, slots: Slots, priorities: Reals) -> None:
        """Does nothing: the priorities do not matter."""

    def remove(self, slots: Slots) -> None:
        """Forgets slots."""
        self._size = kernels.remove_members(self._members, self._places, self._size, slots)

    def replace(self, slots: Slots, priorities: Reals) -> None:
        """Does nothing: the slots stay, and the priorities do not matter."""

    def exchange(self, rng: np.random.Generator, times: Counts, priorities: Reals) -> Slots:
        """Rows leave and others arrive in their places; see `Selector.exchange`."""
        slots = self.draw(len(priorities), rng, times, REMOVE).slots
        self.add(slots, priorities)
        return slots

    def draw(self, count: int, rng: np.random.Generator, times: Counts, limit: int) -> Draw:
        """Independent uniform draws; see `Selector.draw`."""
        draw = _empty_draw(count)
        self._size, gone = kernels.draw_uniform(
            self._members, self._places, self._size, rng.random(count), times, limit, *draw
        )
        return draw._replace(spent=draw.spent[:gone])

    def members(self) -> Counts:
        """int32 [size]: the slots in the order in which they lie."""
        return self._members[: self._size].copy()

    def tickets(self) -> Slots | None:
        """None: the members are in order."""
        return None

    def mass(self) -> float:
        """The number of slots."""
        return float(self._size)

    def highest_priority(self) -> float | None:
        """None: priorities are ignored."""
        return None


class Prioritized:
    """P(i) = p_i^alpha / sum_k p_k^alpha (Schaul et al. 2016, section 3.3).

    While all priorities are 0, every slot is equally likely.
    """

    def __init__(self, capacity: int, exponent: float) -> None:
        leaves = 1 << (capacity - 1).bit_length()
        self._exponent = exponent
        self._sums = np.zeros(2 * leaves)
        self._maxima = np.zeros(2 * leaves)
        self._members = np.zeros(capacity, np.int32)
        self._places = np.zeros(capacity, np.int32)
        self._size = 0

    def add(self, slots: Slots, priorities: Reals) -> None:
        """Takes in slots with their priorities."""
        self._size = kernels.add_members(self._members, self._places, self._size, slots)
        self.update(slots, priorities)

    def update(self, slots: Slots, priorities: Reals) -> None:
        """Changes priorities; of a slot that comes twice the last one stays."""
        kernels.set_priorities(self._sums, self._maxima, slots, priorities, self._exponent)

    def remove(self, slots: Slots) -> None:
        """Forgets slots."""
        self._size = kernels.remove_members(self._members, self._places, self._size, slots)
        kernels.clear_priorities(self._sums, self._maxima, slots)

    def replace(self, slots: Slots, priorities: Reals) -> None:
        """The slots stay where they are and get the priorities of the rows that arrived."""
        self.update(slots, priorities)

    def exchange(self, rng: np.random.Generator, times: Counts, priorities: Reals) -> Slots:
        """Rows leave and others arrive in their places; see `Selector.exchange`."""
        slots = self.draw(len(priorities), rng, times, REMOVE).slots
        self.add(slots, priorities)
        return slots

    def draw(self, count: int, rng: np.random.Generator, times: Counts, limit: int) -> Draw:
        """Independent draws by weight; see `Selector.draw`."""
        draw = _empty_draw(count)
        self._size, gone = kernels.draw_prioritized(
            self._sums, self._maxima, self._members, self._places, self._size,
            rng.random(count), times, limit, *draw,
        )  # fmt: skip
        return draw._replace(spent=draw.spent[:gone])

    def members(self) -> Counts:
        """int32 [size]: the slots in the order in which they lie."""
        return self._members[: self._size].copy()

    def tickets(self) -> Slots | None:
        """None: the members are in order."""
        return None

    def mass(self) -> float:
        """Sum of the weights; 0 while all slots are drawn uniformly, having none."""
        return float(self._sums[1])

    def highest_priority(self) -> float | None:
        """The highest priority present; 1 when there is no slot."""
        return float(self._maxima[1]) if self._size else 1.0


def _empty_draw(count: int) -> Draw:
    return Draw(
        slots=np.empty(count, np.int64),
        probabilities=np.empty(count, np.float64),
        counts=np.empty(count, np.int32),
        spent=np.empty(count, np.int64),
    )
