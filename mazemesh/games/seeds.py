"""Seeds: 64-bit numbers whose bits 62 and 61 state what the mazes drawn from them are for.

The three ranges are disjoint, so a policy is never rated on a maze that it was trained on. A seed
stays below 2**63: int64 columns and databases hold it.
"""

from __future__ import annotations

from enum import IntEnum

from mazemesh.errors import InvalidArgument

_SHIFT = 61
NUMBERS = 1 << _SHIFT


class Purpose(IntEnum):
    """What a seed is for. The value is what bits 62 and 61 of the seed hold."""

    TRAINING = 0
    EVALUATION = 1
    TEST = 2


def seed(purpose: Purpose, number: int) -> int:
    """Return the `number`-th seed of a purpose; `number` must be in [0, 2**61).

    Raises:
        InvalidArgument: `number` is outside the range.
    """
    if not 0 <= number < NUMBERS:
        raise InvalidArgument(f"number: {number} is outside [0, 2**61)")
    return (int(purpose) << _SHIFT) | number


def purpose_of(seed: int) -> Purpose:
    """Return what a seed is for.

    Raises:
        InvalidArgument: `seed` belongs to no purpose (negative, or 3 * 2**61 and above).
    """
    if not 0 <= seed < len(Purpose) * NUMBERS:
        raise InvalidArgument(f"seed: {seed} is outside [0, 3 * 2**61), so it has no purpose")
    return Purpose(seed >> _SHIFT)
