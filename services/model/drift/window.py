"""Counts of what was asked of late, in the bins of a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.model.drift.features import values_of
from services.model.drift.reference import Reference
from services.model.drift.statistics import (
    CHANCE,
    MUCH,
    chi_squared,
    expected_index,
    gap_bound,
    largest_gaps,
    stability_indices,
)

Array = npt.NDArray[Any]

LEAST_ROWS: Final = 300
"""Of a window, before anything is called drift."""


@dataclass(frozen=True)
class ColumnDrift:
    """A column: see `DriftColumn` in model.proto."""

    column: str
    psi: float
    ks: float
    feature: str
    drifted: bool
    mean: float
    reference_mean: float


@dataclass(frozen=True)
class Drift:
    """All columns of a window.

    Attributes:
        rows: Of the window.
        reference_rows: Of the validation.
        seconds: How far back the window reaches.
        columns: Those with the largest index first.
    """

    rows: int
    reference_rows: int
    seconds: float
    columns: tuple[ColumnDrift, ...]

    @property
    def drifted(self) -> bool:
        """Whether a column did."""
        return any(one.drifted for one in self.columns)


class _Half:
    """Half a window: rows by bin of all features, one below the other, and their sums."""

    def __init__(self, shape: tuple[int, int], began: float) -> None:
        self.began, self.rows = began, 0
        self.counts = np.zeros(shape, np.int64)
        self.sums = np.zeros(shape[0])


class Window:
    """The last rows, of between one and two halves of a window.

    Args:
        reference: What they are compared with.
        seconds: Of the window.
        now: By the caller's clock.
    """

    def __init__(self, reference: Reference, seconds: float, now: float) -> None:
        self.reference = reference
        self._seconds = seconds
        features = [one for column in reference.columns.values() for one in column]
        self._bins = np.array([len(one.counts) for one in features])
        self._shape = len(features), int(self._bins.max())
        self._expected = np.zeros(self._shape, np.int64)
        for place, one in enumerate(features):
            self._expected[place, : len(one.counts)] = one.counts
        self._edges = [np.array(one.edges) for one in features]
        chance = CHANCE / len(features)
        self._bounds = {count: chi_squared(count - 1, chance) for count in set(self._bins.tolist())}
        self._gap_chance = chance
        self._now, self._before = _Half(self._shape, now), _Half(self._shape, now)

    def add(self, columns: Mapping[str, Array], now: float) -> None:
        """Counts rows; `columns` are those of the reference, others are passed over."""
        self._turn(now)
        half, first, rows = self._now, 0, 0
        for name, features in self.reference.columns.items():
            column = columns.get(name)
            elements = [one.element for one in features]
            if column is not None and max(elements) * len(column) < max(1, column.size):
                rows = len(column)
                values = values_of(column, elements)
                half.sums[first : first + len(features)] += values.sum(axis=0)
                for place, edges in enumerate(self._edges[first : first + len(features)], first):
                    bins = np.searchsorted(edges, values[:, place - first], side="right")
                    half.counts[place] += np.bincount(bins, minlength=self._shape[1])
            first += len(features)
        half.rows += rows

    def drift(self, now: float) -> Drift:
        """How the window differs from the reference."""
        self._turn(now)
        rows = self._now.rows + self._before.rows
        columns = self._columns(rows) if rows else []
        columns.sort(key=lambda one: (-one.drifted, -one.psi))
        return Drift(rows, self.reference.rows, now - self._before.began, tuple(columns))

    def _columns(self, rows: int) -> list[ColumnDrift]:
        live = self._now.counts + self._before.counts
        means = (self._now.sums + self._before.sums) / rows
        size = 1 / rows + 1 / max(1, self.reference.rows)
        raw = stability_indices(live, self._expected, self._bins)
        gaps = largest_gaps(live, self._expected)
        indices = np.maximum(0.0, raw - expected_index(self._bins, size))
        bounds = size * np.array([self._bounds[count] for count in self._bins.tolist()])
        drifted = (indices > MUCH) & (raw > bounds) & (gaps > gap_bound(size, self._gap_chance))
        if rows < LEAST_ROWS:
            drifted[:] = False
        found, first = [], 0
        for name, features in self.reference.columns.items():
            part = slice(first, first + len(features))
            worst = first + int(np.lexsort((indices[part], drifted[part]))[-1])
            feature = features[worst - first]
            found.append(
                ColumnDrift(
                    name,
                    float(indices[worst]),
                    float(gaps[part].max()),
                    feature.name,
                    bool(drifted[worst]),
                    float(means[worst]),
                    feature.mean,
                )
            )
            first = part.stop
        return found

    def _turn(self, now: float) -> None:
        """Begins a new half when it is time to; what is older than two halves is forgotten."""
        half = self._seconds / 2
        if now - self._now.began >= 2 * half:
            self._now, self._before = _Half(self._shape, now), _Half(self._shape, now)
        elif now - self._now.began >= half:
            self._before, self._now = self._now, _Half(self._shape, now)
