"""Non-dominated points: none is better in one objective without being worse in another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mazemesh.analysis.journal import Floats


def pareto_front(values: Floats, maximise: Sequence[bool]) -> list[int]:
    """Indices of the points that no other point dominates, in ascending order.

    A point dominates another when it is at least as good in every objective and better in one
    (Deb, Multi-Objective Optimization using Evolutionary Algorithms, 2001, definition 2.5). Equal
    points do not dominate each other.

    Args:
        values: [points, objectives], finite.
        maximise: By objective; False: less is better.

    Raises:
        ValueError: the shapes do not fit, or a value is not finite.
    """
    points = np.asarray(values, np.float64)
    if points.ndim != 2 or points.shape[1] != len(maximise):
        raise ValueError(f"values {points.shape} should be [points, {len(maximise)}]")
    if not np.isfinite(points).all():
        raise ValueError("values should be finite")
    costs = np.where(np.asarray(maximise), -points, points)
    no_worse = (costs[:, None] <= costs[None]).all(axis=2)
    better = (costs[:, None] < costs[None]).any(axis=2)
    dominated = (no_worse & better).any(axis=0)
    return [int(index) for index in np.flatnonzero(~dominated)]
