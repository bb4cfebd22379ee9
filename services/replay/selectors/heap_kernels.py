"""Compiled loops of the tournament tree behind `Heap`.

`winners` is a heap in one array of 2 * leaves entries, leaves a power of two, the root at 1 and
slot s at leaves + s. An entry is the winning slot + 1, or 0.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from mazemesh.machine_code import compiled

Slots = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]

_SLOTS = numba.int64[::1]
_INDEX = numba.int32[::1]
_REALS = numba.float64[::1]


@compiled(numba.void(_INDEX, _REALS, _SLOTS, numba.int64))
def _refresh(winners: Index, ranks: Reals, tickets: Slots, node: int) -> None:
    """Plays all matches above a leaf again."""
    node >>= 1
    while node >= 1:
        left, right = winners[2 * node], winners[2 * node + 1]
        winner = left
        if left == 0:
            winner = right
        elif right != 0:
            ours, theirs = ranks[left - 1], ranks[right - 1]
            if theirs > ours or (theirs == ours and tickets[right - 1] < tickets[left - 1]):
                winner = right
        winners[node] = winner
        node >>= 1


@compiled(numba.void(_INDEX, _REALS, _SLOTS, _SLOTS))
def enter(winners: Index, ranks: Reals, tickets: Slots, slots: Slots) -> None:
    """Takes slots in, or takes note of their new ranks."""
    leaves = len(winners) // 2
    for slot in slots:
        winners[leaves + slot] = slot + 1
        _refresh(winners, ranks, tickets, leaves + slot)


@compiled(numba.void(_INDEX, _REALS, _SLOTS, _SLOTS))
def leave(winners: Index, ranks: Reals, tickets: Slots, slots: Slots) -> None:
    """Takes slots out."""
    leaves = len(winners) // 2
    for slot in slots:
        winners[leaves + slot] = 0
        _refresh(winners, ranks, tickets, leaves + slot)


@compiled(numba.int64(_INDEX, _REALS, _SLOTS, _INDEX, numba.int64, _SLOTS, _INDEX, _SLOTS))
def draw_top(
    winners: Index, ranks: Reals, tickets: Slots, times: Index, limit: int,
    slots: Slots, counts: Index, spent: Slots,
) -> int:  # fmt: skip
    """Draws len(slots) times the slot on top; returns how many left. See `draw_uniform`."""
    leaves = len(winners) // 2
    gone = 0
    for i in range(len(slots)):
        slot = int(winners[1]) - 1
        slots[i] = slot
        if limit >= 0:
            times[slot] += 1
        counts[i] = times[slot]
        if limit < 0 or 0 < limit <= times[slot]:
            winners[leaves + slot] = 0
            _refresh(winners, ranks, tickets, leaves + slot)
            spent[gone] = slot
            gone += 1
    return gone
