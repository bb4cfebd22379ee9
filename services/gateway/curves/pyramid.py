"""One curve at falling resolution, so that a picture of any width is made of a few numbers.

Level 0 are the values; an entry of level k stands for 8^k of them that follow each other. What is
asked for, a number of buckets over a range, is answered from the coarsest level that still has
four entries a bucket, and from the values at the range's ends: work and answer depend on the
picture's width, not on the length of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from services.gateway.curves.growing import Growing

FAN_OUT = 8
ENTRIES_A_BUCKET = 4

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Buckets:
    """A curve over the edges that were asked for; NaN where there was no value.

    Attributes:
        mean: float32 [buckets].
        least: float32 [buckets].
        greatest: float32 [buckets].
    """

    mean: Array
    least: Array
    greatest: Array


class Pyramid:
    """Values in the order of their axis; NaN is a place without one."""

    def __init__(self) -> None:
        self._values = Growing(np.float32)
        self._levels: list[Growing] = []

    def __len__(self) -> int:
        return len(self._values)

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return self._values.nbytes + sum(level.nbytes for level in self._levels)

    @property
    def values(self) -> Array:
        """All of them, float32 [n]; a view."""
        return self._values.rows

    def extend(self, values: npt.ArrayLike) -> None:
        """Adds values at the end. Infinities are no values."""
        added = np.array(values, np.float32)
        added[~np.isfinite(added)] = np.nan
        self._values.extend(added)
        below, depth = self._leaves(0, len(self)), 0
        while len(below) >= FAN_OUT:
            if depth == len(self._levels):
                self._levels.append(Growing(np.float32, 4))
            level = self._levels[depth]
            whole = len(below) // FAN_OUT
            if whole > len(level):
                new = below[len(level) * FAN_OUT : whole * FAN_OUT]
                level.extend(_merged(new.reshape(-1, FAN_OUT, 4)))
            below, depth = level.rows, depth + 1

    def cut(self, size: int) -> None:
        """Keeps the first `size` values."""
        self._values.cut(size)
        for depth, level in enumerate(self._levels, 1):
            level.cut(size // FAN_OUT**depth)

    def buckets(self, axis: Array, edges: Array, parts: int = 1) -> Buckets:
        """The curve in buckets.

        Args:
            axis: float64 [n], never falling: where each value is.
            edges: float64 [buckets + 1], rising. The last edge belongs to the last bucket.
            parts: Ranges of buckets that choose their level apart: where edges are not evenly
                spaced, one level does not serve all of them.
        """
        buckets = len(edges) - 1
        merged = np.full((buckets, 4), (0, 0, np.nan, np.nan), np.float64)
        cuts = np.linspace(0, buckets, min(parts, buckets) + 1).astype(int)
        for begin, end in pairwise(cuts):
            within = edges[begin : end + 1]
            first = int(np.searchsorted(axis, within[0]))
            side: Literal["left", "right"] = "right" if end == buckets else "left"
            last = int(np.searchsorted(axis, within[-1], side))
            if last > first:
                places, entries = self._entries(axis, first, last, end - begin)
                _gather(places, entries, within, merged[begin:end])
        mean = np.full(buckets, np.nan)
        np.divide(merged[:, 0], merged[:, 1], out=mean, where=merged[:, 1] > 0)
        columns = (mean, merged[:, 2], merged[:, 3])
        return Buckets(*(column.astype(np.float32) for column in columns))

    def _entries(self, axis: Array, first: int, last: int, buckets: int) -> tuple[Array, Array]:
        """Places and entries of the values `first`..`last`, of the level that is fine enough."""
        depth, size = 0, 1
        least = ENTRIES_A_BUCKET * buckets
        while depth < len(self._levels) and (last - first) // (size * FAN_OUT) >= least:
            depth, size = depth + 1, size * FAN_OUT
        begin, end = -(-first // size), min(last // size, self._whole(depth))
        if depth == 0 or begin >= end:
            return axis[first:last], self._leaves(first, last)
        middles = axis[begin * size + size // 2 : end * size : size]
        before, after = (first, begin * size), (end * size, last)
        places = (axis[slice(*before)], middles, axis[slice(*after)])
        entries = (
            self._leaves(*before),
            self._levels[depth - 1].rows[begin:end],
            self._leaves(*after),
        )
        return np.concatenate(places), np.concatenate(entries)

    def _whole(self, depth: int) -> int:
        return len(self._levels[depth - 1]) if depth else len(self)

    def _leaves(self, first: int, last: int) -> Array:
        """Values as entries, [n, 4]: sum's mean, count, least, greatest."""
        values = self._values.rows[first:last]
        return np.stack([values, ~np.isnan(values), values, values], axis=1, dtype=np.float32)


def _merged(groups: Array) -> Array:
    """Entries of [n, FAN_OUT, 4] entries below."""
    counts = groups[..., 1].sum(axis=1)
    sums = np.where(groups[..., 1] > 0, groups[..., 0] * groups[..., 1], 0).sum(axis=1)
    mean = np.full(len(groups), np.nan, np.float32)
    np.divide(sums, counts, out=mean, where=counts > 0)
    least = np.fmin.reduce(groups[..., 2], axis=1)
    greatest = np.fmax.reduce(groups[..., 3], axis=1)
    return np.stack([mean, counts, least, greatest], axis=1)


def _gather(places: Array, entries: Array, edges: Array, into: Array) -> None:
    """Puts entries into buckets: [buckets, 4] of sum, count, least, greatest."""
    where = np.clip(np.searchsorted(edges, places, "right") - 1, 0, len(into) - 1)
    begins = np.flatnonzero(np.diff(where, prepend=-1))
    there = where[begins]
    counted = entries[:, 1].astype(np.float64)
    sums = np.where(counted > 0, entries[:, 0] * counted, 0)
    into[there, 0] = np.add.reduceat(sums, begins)
    into[there, 1] = np.add.reduceat(counted, begins)
    into[there, 2] = np.fmin.reduceat(entries[:, 2], begins)
    into[there, 3] = np.fmax.reduceat(entries[:, 3], begins)
