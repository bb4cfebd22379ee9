"""How a table chooses rows, to sample or to remove them: what every kind of selector does."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Slots = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]

REMOVE = -1
"""As `limit` of a draw: each drawn slot leaves at once, and no draw is counted."""


class Draw(NamedTuple):
    """What was drawn, one after the other: a batch equals as many single draws."""

    slots: Slots
    """int64 [count]."""
    probabilities: Reals
    """float64 [count]: with which each draw chose its slot."""
    counts: Counts
    """int32 [count]: how often the slot was drawn, this draw included."""
    spent: Slots
    """int64 [<= count]: slots that left the selector because they reached the limit."""


class Selector(Protocol):
    """Knows the occupied slots of a table. Slots that are added are new, others are present."""

    def add(self, slots: Slots, priorities: Reals) -> None:
        """Takes in slots, in the order of their arrival."""

    def update(self, slots: Slots, priorities: Reals) -> None:
        """Changes priorities; of a slot that comes twice the last one stays."""

    def remove(self, slots: Slots) -> None:
        """Forgets slots."""

    def replace(self, slots: Slots, priorities: Reals) -> None:
        """The rows in `slots` leave and others arrive in their places, in this order."""

    def exchange(self, rng: np.random.Generator, times: Counts, priorities: Reals) -> Slots:
        """Chooses as many slots as there are priorities, for their rows to leave, as `draw` does.

        New rows arrive in their places, in this order.
        """

    def draw(self, count: int, rng: np.random.Generator, times: Counts, limit: int) -> Draw:
        """Chooses `count` slots and counts them in `times` (by slot, changed in place).

        A slot whose count reaches `limit` > 0 leaves before the next draw; 0 is no limit. The slots
        must suffice for the draws.
        """

    def members(self) -> Counts:
        """int32 [size]: the slots in an order in which `add` makes an equal selector of them.

        Where there are `tickets`, that order is theirs.
        """

    def tickets(self) -> Slots | None:
        """int64 [size]: what `members` are to be sorted by; None where they are in order."""

    def mass(self) -> float:
        """Sum of the weights that slots are drawn by; their number where there are no weights."""

    def highest_priority(self) -> float | None:
        """The highest priority present (1 when empty); None from a selector that ignores them."""
