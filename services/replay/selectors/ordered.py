"""Selection by age: the oldest (fifo) or the newest (lifo) row."""

from __future__ import annotations

import numpy as np

from services.replay.selectors.selector import REMOVE, Counts, Draw, Reals, Slots


class Ordered:
    """Slots in the order of their arrival, chosen from the front or from the back.

    Each arrival gets the next ticket, and a ring remembers the slot of each ticket between `_first`
    and `_next`. A slot that leaves from the middle stays in the ring as a gap until an end passes
    it or the ring, twice as large as the table, is full and gets packed: constant time per row on
    average.
    """

    def __init__(self, capacity: int, *, newest_first: bool) -> None:
        self._newest_first = newest_first
        self._ring = np.zeros(2 * capacity, np.int32)
        # Ticket + 1 of each slot, 0 for none: zeros cost no memory until they are touched.
        self._tickets = np.zeros(capacity, np.int64)
        self._first = 0
        self._next = 0
        self._size = 0

    def add(self, slots: Slots, priorities: Reals) -> None:
        """Takes in slots, in the order of their arrival; the priorities do not matter."""
        if self._next + len(slots) - self._first > len(self._ring):
            self._pack()
        tickets = np.arange(self._next, self._next + len(slots))
        start = self._next % len(self._ring)
        if start + len(slots) <= len(self._ring):
            self._ring[start : start + len(slots)] = slots
        else:
            self._ring[tickets % len(self._ring)] = slots
        self._tickets[slots] = tickets + 1
        self._next += len(slots)
        self._size += len(slots)

    def update(self, slots: Slots, priorities: Reals) -> None:
        """Does nothing: the priorities do not matter."""

    def remove(self, slots: Slots) -> None:
        """Forgets slots."""
        self._tickets[slots] = 0
        self._size -= len(slots)

    def replace(self, slots: Slots, priorities: Reals) -> None:
        """Old rows leave and new ones line up."""
        self.remove(slots)
        self.add(slots, priorities)

    def exchange(self, rng: np.random.Generator, times: Counts, priorities: Reals) -> Slots:
        """Rows leave at the end that is served, and others line up in their places."""
        slots = self._take(len(priorities))
        self.add(slots, priorities)
        return slots

    def draw(self, count: int, rng: np.random.Generator, times: Counts, limit: int) -> Draw:
        """The slot at the end, as often as the limit allows, then the next; see `Selector.draw`."""
        if limit in (1, REMOVE):
            return self._draw_once(count, times, limit)
        slots = self._from_end(1 if limit == 0 else count)
        drawn = times[slots]
        repeats = limit - drawn.astype(np.int64) if limit else np.array([count])
        starts = np.cumsum(repeats) - repeats
        used = np.clip(count - starts, 0, repeats)
        nth = np.arange(1, count + 1) - np.repeat(starts, used)
        counts = (np.repeat(drawn, used) + nth).astype(np.int32)
        times[slots] = drawn + used
        spent = slots[(used == repeats) & (used > 0)] if limit else slots[:0]
        self.remove(spent)
        return Draw(np.repeat(slots, used), np.ones(count), counts, spent)

    def _draw_once(self, count: int, times: Counts, limit: int) -> Draw:
        """Every slot leaves as it is drawn: the common case, a queue or the removal of rows."""
        slots = self._take(count)
        if limit == 1:
            times[slots] = 1
        return Draw(slots, np.ones(count), times[slots], slots)

    def _take(self, count: int) -> Slots:
        """Lets the first `count` slots seen from the end that is served leave."""
        has_gaps = self._next - self._first > self._size
        slots = self._from_end(count) if has_gaps else self._without_gaps(count)
        self.remove(slots)
        if not has_gaps or self._is_at_end(slots):
            self._skip(len(slots))
        return slots

    def _without_gaps(self, count: int) -> Slots:
        start = self._first % len(self._ring)
        if self._newest_first or start + count > len(self._ring):
            return self._at(self._window(count))
        return self._ring[start : start + count].astype(np.int64)

    def members(self) -> Counts:
        """int32 [size]: the slots in the order of their arrival."""
        tickets = np.arange(self._first, self._next)
        slots = self._ring[tickets % len(self._ring)]
        present: Counts = slots[self._tickets[slots] == tickets + 1]
        return present

    def tickets(self) -> Slots | None:
        """None: the members are in order."""
        return None

    def mass(self) -> float:
        """The number of slots."""
        return float(self._size)

    def highest_priority(self) -> float | None:
        """None: priorities are ignored."""
        return None

    def _from_end(self, count: int) -> Slots:
        """The first `count` present slots (or all) seen from the end that is served."""
        width = count
        while True:
            tickets = self._window(width)
            slots = self._at(tickets)
            present = self._tickets[slots] == tickets + 1
            if len(slots) == count and present.all():
                return slots
            here = np.flatnonzero(present)
            # Gaps at this end are passed once and for all.
            self._skip(int(here[0]) if len(here) else len(tickets))
            if len(here) >= count or len(tickets) < width:
                return slots[here[:count]]
            width *= 2

    def _window(self, width: int) -> Slots:
        """The last tickets at the end that is served, at most `width`."""
        if self._newest_first:
            return np.arange(self._next - 1, max(self._next - width, self._first) - 1, -1)
        return np.arange(self._first, min(self._first + width, self._next))

    def _at(self, tickets: Slots) -> Slots:
        """Slots by ticket."""
        return self._ring[tickets % len(self._ring)].astype(np.int64)

    def _is_at_end(self, slots: Slots) -> bool:
        """Whether `slots` are what the ring holds at the end that is served, without gaps."""
        window = self._window(len(slots))
        return len(window) == len(slots) and bool((self._at(window) == slots).all())

    def _skip(self, gaps: int) -> None:
        if self._newest_first:
            self._next -= gaps
        else:
            self._first += gaps

    def _pack(self) -> None:
        tickets = np.arange(self._first, self._next)
        slots = self._ring[tickets % len(self._ring)]
        slots = slots[self._tickets[slots] == tickets + 1]
        self._first, self._next = 0, len(slots)
        self._ring[: len(slots)] = slots
        self._tickets[slots] = np.arange(1, len(slots) + 1)
