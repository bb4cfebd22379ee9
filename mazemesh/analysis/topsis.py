"""Chooses one point of a trade-off: the closest to the best and farthest from the worst.

TOPSIS: Hwang and Yoon, Multiple Attribute Decision Making, Springer 1981, chapter III, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mazemesh.analysis.journal import Floats


def closeness(values: Floats, weights: Sequence[float], maximise: Sequence[bool]) -> Floats:
    """Relative closeness to the ideal point, [points] in 0..1; the largest is the choice.

    With r_ij the value j of point i in its column's range, 0 the worst and 1 the best, and the
    weights w_j scaled to the sum 1,

        v_ij = w_j r_ij,   S_i+ = |v_i - w|,   S_i- = |v_i|,   C_i = S_i- / (S_i+ + S_i-).

    The book divides a column by its Euclidean norm instead. Ratings are an interval scale: 1,400
    and 1,600 differ by as much as 400 and 600, but would differ less after that division, and the
    other objectives would decide. The range does not depend on where zero is (normalisations are
    compared in Shih, Shyur and Lee, An extension of TOPSIS for group decision making, 2007,
    table 2).

    A column whose values are all equal decides nothing; when that holds for all, every closeness
    is 1.

    Args:
        values: [points, objectives], finite, at least one point.
        weights: By objective, from 0 up, not all 0.
        maximise: By objective; False: less is better.

    Raises:
        ValueError: the shapes do not fit, or a value or weight is out of its range.
    """
    points = np.asarray(values, np.float64)
    scale = np.asarray(weights, np.float64)
    if points.ndim != 2 or not len(points) or points.shape[1] != len(scale):
        raise ValueError(f"values {points.shape} should be [points, {len(scale)}], at least one")
    if len(maximise) != len(scale) or not np.isfinite(points).all():
        raise ValueError("values should be finite, with a direction for each objective")
    if not np.isfinite(scale).all() or (scale < 0).any() or scale.sum() == 0:
        raise ValueError(f"weights {list(weights)} should be from 0 up, and not all 0")
    scale = scale / scale.sum()
    gains = np.where(np.asarray(maximise), points, -points)
    span = np.ptp(gains, axis=0)
    deciding = span > 0
    share = (gains - gains.min(axis=0))[:, deciding] / span[deciding]
    weighted = scale[deciding] * share
    to_best = np.linalg.norm(weighted - scale[deciding], axis=1)
    to_worst = np.linalg.norm(weighted, axis=1)
    total = to_best + to_worst
    result: Floats = np.divide(to_worst, total, out=np.ones(len(points)), where=total > 0)
    return result
