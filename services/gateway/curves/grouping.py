"""Many curves as one: their mean, and the band that they lie in."""

from __future__ import annotations

from typing import Literal

import numpy as np

from services.gateway.curves.pyramid import Array

Band = Literal["deviation", "quartiles", "range"]


def filled(curves: Array) -> Array:
    """Curves without holes: between two known buckets of a run a straight line; none beyond.

    A run that has no value in a bucket would otherwise be missing in the mean there, which would
    then jump from run to run.

    Args:
        curves: float32 [runs, buckets], NaN where there is no value.
    """
    whole = np.array(curves, np.float64)
    places = np.arange(whole.shape[1])
    for row in whole:
        known = np.flatnonzero(~np.isnan(row))
        if 0 < len(known) < len(row):
            row[:] = np.interp(places, known, row[known], left=np.nan, right=np.nan)
    return whole


def mean_and_band(curves: Array, band: Band) -> tuple[Array, Array, Array]:
    """Mean, lower and upper end by bucket, float32 [buckets] each; NaN where no run is.

    Args:
        curves: [runs, buckets], see `filled`.
        band: Mean and one standard deviation (of the sample) to both sides, quartiles, or
            the least and the greatest.
    """
    known = ~np.isnan(curves)
    count = known.sum(axis=0)
    there = count > 0
    mean = np.divide(np.nansum(curves, axis=0), count, where=there, out=_nothing(count))
    if band == "deviation":
        squares = np.where(known, (curves - mean) ** 2, 0).sum(axis=0)
        deviation = np.sqrt(squares / np.maximum(count - 1, 1))
        low, high = mean - deviation, mean + deviation
    else:
        share = 0.25 if band == "quartiles" else 0.0
        ordered = np.sort(curves, axis=0)  # those that are missing come last
        low, high = _quantile(ordered, count, share), _quantile(ordered, count, 1 - share)
    return mean.astype(np.float32), low.astype(np.float32), high.astype(np.float32)


def _quantile(ordered: Array, count: Array, share: float) -> Array:
    """By linear interpolation, of the first `count` rows of each column."""
    place = share * np.maximum(count - 1, 0)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    columns = np.arange(ordered.shape[1])
    lower, upper = ordered[below, columns], ordered[above, columns]
    return np.asarray(lower + (upper - lower) * (place - below))


def _nothing(like: Array) -> Array:
    return np.full(like.shape, np.nan)
