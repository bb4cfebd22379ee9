"""How far apart two histograms of the same bins are, and how far chance alone would put them."""

from __future__ import annotations

from math import log, sqrt
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

MUCH: Final = 0.25
"""Of the index: a customary bound above which two populations are called different."""

CHANCE: Final = 1e-3
"""Of a false alarm in one look at all features, if rows were independent."""

_HALF: Final = 0.5


def stability_indices(live: Counts, reference: Counts, bins: Counts) -> Floats:
    """Population stability indices, the sum of (p - q) ln(p / q) over bins, of many features.

    Half a row is added to each bin, so that an empty one makes a large number and no infinite one.

    Args:
        live: Rows by bin, [features, most bins]; zeros behind a feature's last bin.
        reference: The same of what is the measure.
        bins: Of each feature, [features].
    """
    there = np.arange(live.shape[1]) < bins[:, None]
    p, q = (
        (one + _HALF) / (one.sum(axis=1, keepdims=True) + _HALF * bins[:, None])
        for one in (live, reference)
    )
    found: Floats = np.where(there, (p - q) * np.log(p / q), 0.0).sum(axis=1)
    return found


def largest_gaps(live: Counts, reference: Counts) -> Floats:
    """Kolmogorov and Smirnov's statistics at the bins' edges, 0..1, of many features."""
    shares = [
        np.cumsum(one, axis=1) / np.maximum(1, one.sum(axis=1, keepdims=True))
        for one in (live, reference)
    ]
    found: Floats = np.abs(shares[0] - shares[1]).max(axis=1, initial=0.0)
    return found


def expected_index(bins: Counts, size: float) -> Floats:
    """What the index is on average when both are drawn from one population.

    It is then about 1/n + 1/m (`size`, of n and m rows) times chi-squared of one degree less than
    there are bins (Yurdakul 2018, Statistical properties of the population stability index,
    section 3).
    """
    found: Floats = (bins - 1) * size
    return found


def gap_bound(size: float, chance: float) -> float:
    """What the largest gap exceeds by such a chance when both are drawn from one population.

    Smirnov's asymptotic bound, which bins make conservative; `size` as above.
    """
    return sqrt(-log(chance / 2) / 2) * sqrt(size)


def chi_squared(freedom: int, chance: float) -> float:
    """What chi-squared exceeds by such a chance (Wilson and Hilferty 1931)."""
    if not freedom:
        return 0.0
    scale = 2 / (9 * freedom)
    root = 1 - scale + NormalDist().inv_cdf(1 - chance) * sqrt(scale)
    return freedom * max(0.0, root) ** 3
