"""A scale on which values of very different sizes can be learned by one network.

h(x) = sign(x) (sqrt(|x| + 1) - 1) + eps x and its inverse (Pohlen et al. 2018, Observe and look
further, section 3.2; proposition A.2), in forms without the difference of nearly equal numbers,
which in float32 would cost all but four digits near 0.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

EPSILON: Final = 1e-3
"""eps, as in Kapturowski et al. 2019, table 2."""

Array = TypeVar("Array", bound=Any)
"""A float, a numpy array or a torch tensor."""


def rescale(value: Array) -> Array:
    """h, element by element."""
    result: Array = value / ((abs(value) + 1.0) ** 0.5 + 1.0) + EPSILON * value
    return result


def unscale(value: Array) -> Array:
    """The inverse of h, element by element."""
    root = (1.0 + 4.0 * EPSILON * (abs(value) + 1.0 + EPSILON)) ** 0.5
    factor = 2.0 / (root + 1.0 + 2.0 * EPSILON)
    result: Array = factor * value * (factor * abs(value) + 2.0)
    return result
