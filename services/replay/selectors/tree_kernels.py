"""Compiled loops over batches of slots: the set of occupied slots and the sum tree.

All of them stand in this one file because numba's cache only notices changes of the file that holds
a function, not of those that it calls.

A set of slots is `members[:size]` in any order with `places[slot]` telling where a slot stands. A
tree is a heap in one array of 2 * leaves entries, leaves a power of two, the root at 1 and slot s
at leaves + s. Parents are always recomputed from their children, never adjusted by a difference, so
nothing drifts.
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
# What came in a message is a read-only view.
_GIVEN = numba.types.Array(numba.float64, 1, "C", readonly=True)

# The smallest weight of a priority above 0, so that p ** alpha does not underflow to "never drawn".
_SMALLEST = np.finfo(np.float64).tiny


@compiled(numba.int64(_INDEX, _INDEX, numba.int64, numba.int64))
def _leave(members: Index, places: Index, size: int, slot: int) -> int:
    place = places[slot]
    last = members[size - 1]
    members[place] = last
    places[last] = place
    return size - 1


@compiled(numba.int64(_INDEX, _INDEX, numba.int64, _SLOTS))
def add_members(members: Index, places: Index, size: int, slots: Slots) -> int:
    """Adds slots that are not in the set; returns the new size."""
    for slot in slots:
        members[size] = slot
        places[slot] = size
        size += 1
    return size


@compiled(numba.int64(_INDEX, _INDEX, numba.int64, _SLOTS))
def remove_members(members: Index, places: Index, size: int, slots: Slots) -> int:
    """Removes slots that are in the set; returns the new size."""
    for slot in slots:
        size = _leave(members, places, size, slot)
    return size


@compiled(numba.void(_REALS, _REALS, _SLOTS))
def _refresh(sums: Reals, maxima: Reals, nodes: Slots) -> None:
    """Recomputes all ancestors of `nodes`, which are on one level; overwrites `nodes`."""
    count = len(nodes)
    while count > 0 and nodes[0] > 1:
        kept = 0
        last = 0
        for i in range(count):
            parent = nodes[i] >> 1
            # Neighbours share their parents: a contiguous batch halves on each level.
            if parent != last:
                last = parent
                nodes[kept] = parent
                kept += 1
                sums[parent] = sums[2 * parent] + sums[2 * parent + 1]
                maxima[parent] = max(maxima[2 * parent], maxima[2 * parent + 1])
        count = kept


@compiled(numba.void(_REALS, _REALS, _SLOTS, _GIVEN, numba.float64))
def set_priorities(
    sums: Reals, maxima: Reals, slots: Slots, priorities: Reals, exponent: float
) -> None:
    """Gives slots the weight priority ** exponent (0 for priority 0, whatever the exponent)."""
    leaves = len(sums) // 2
    nodes = np.empty(len(slots), np.int64)
    for i in range(len(slots)):
        node = leaves + slots[i]
        priority = priorities[i]
        sums[node] = max(priority**exponent, _SMALLEST) if priority > 0.0 else 0.0
        maxima[node] = priority
        nodes[i] = node
    _refresh(sums, maxima, nodes)


@compiled(numba.void(_REALS, _REALS, _SLOTS))
def clear_priorities(sums: Reals, maxima: Reals, slots: Slots) -> None:
    """Takes slots out of the tree."""
    set_priorities(sums, maxima, slots, np.zeros(len(slots)), 1.0)


@compiled(numba.void(_REALS, _REALS, _SLOTS))
def _descend(sums: Reals, uniforms: Reals, nodes: Slots) -> None:
    """Leaf nodes for uniform numbers in [0, 1); the draws go down side by side, level by level.

    A child without weight is never entered, whatever rounding left of the remainder.
    """
    leaves = len(sums) // 2
    rest = uniforms * sums[1]
    nodes[:] = 1
    level = 1
    while level < leaves:
        for i in range(len(nodes)):
            left = 2 * nodes[i]
            weight = sums[left]
            # Without a branch: which way a draw goes cannot be predicted.
            right = np.int64(rest[i] >= weight) & np.int64(sums[left + 1] > 0.0)
            rest[i] -= weight * right
            nodes[i] = left + right
        level *= 2


_DRAW_RESULT = numba.types.UniTuple(numba.int64, 2)  # type: ignore[no-untyped-call]


@compiled(
    _DRAW_RESULT(
        _INDEX, _INDEX, numba.int64, _REALS, _INDEX, numba.int64, _SLOTS, _REALS, _INDEX, _SLOTS
    )
)
def draw_uniform(
    members: Index, places: Index, size: int, uniforms: Reals, times: Index, limit: int,
    slots: Slots, probabilities: Reals, counts: Index, spent: Slots,
) -> tuple[int, int]:  # fmt: skip
    """Draws len(uniforms) members one after the other; returns the new size and how many left.

    Each draw counts in `times`; a slot that reaches `limit` > 0 leaves the set before the next
    draw. With `limit` < 0 every drawn slot leaves and none is counted. Fills slots, probabilities,
    counts, spent.
    """
    gone = 0
    for i in range(len(uniforms)):
        slot = members[int(uniforms[i] * size)]
        slots[i] = slot
        probabilities[i] = 1.0 / size
        if limit >= 0:
            times[slot] += 1
        counts[i] = times[slot]
        if limit < 0 or 0 < limit <= times[slot]:
            size = _leave(members, places, size, slot)
            spent[gone] = slot
            gone += 1
    return size, gone


@compiled(
    _DRAW_RESULT(
        _REALS, _REALS, _INDEX, _INDEX, numba.int64, _REALS, _INDEX, numba.int64, _SLOTS, _REALS,
        _INDEX, _SLOTS,
    )
)  # fmt: skip
def draw_prioritized(
    sums: Reals, maxima: Reals, members: Index, places: Index, size: int, uniforms: Reals,
    times: Index, limit: int, slots: Slots, probabilities: Reals, counts: Index, spent: Slots,
) -> tuple[int, int]:  # fmt: skip
    """As `draw_uniform`, by the weights in the tree; uniformly while all weights are 0."""
    leaves = len(sums) // 2
    count = len(uniforms)
    # Draws that change nothing are independent and go down together.
    step = count if limit == 0 else 1
    gone = 0
    for start in range(0, count, max(step, 1)):
        if sums[1] <= 0.0:
            size, left = draw_uniform(
                members, places, size, uniforms[start : start + step], times, limit,
                slots[start : start + step], probabilities[start : start + step],
                counts[start : start + step], spent[gone : gone + step],
            )  # fmt: skip
        else:
            _descend(sums, uniforms[start : start + step], slots[start : start + step])
            left = 0
            for i in range(start, start + step):
                probabilities[i] = sums[slots[i]] / sums[1]
                slot = slots[i] - leaves
                slots[i] = slot
                if limit >= 0:
                    times[slot] += 1
                counts[i] = times[slot]
                if limit < 0 or 0 < limit <= times[slot]:
                    size = _leave(members, places, size, slot)
                    spent[gone] = slot
                    left = 1
        if left > 0 and limit != 0:
            clear_priorities(sums, maxima, spent[gone : gone + left])
        gone += left
    return size, gone
