"""What a version was validated on, as counts in bins: the measure of its drift."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.model.drift.features import (
    MEAN,
    MOST_COLUMNS,
    MOST_ELEMENTS,
    answered_columns,
    chosen_elements,
    values_of,
)
from services.model.inference.layout import STATE
from services.model.validation.parity import MASKED_LOGIT, Parity

Array = npt.NDArray[Any]

MOST_BINS: Final = 10
MOST_FEATURES: Final = 128
LEAST_ROWS: Final = 8
"""Of a validation that anything can be compared with."""


@dataclass(frozen=True)
class Feature:
    """One number of each row, and how it was distributed.

    Attributes:
        element: Its place in the row, or `MEAN`.
        edges: Between its bins, rising; what is on an edge is in the bin above it.
        counts: Rows of each bin, one more than there are edges.
        mean: Of all rows.
    """

    element: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    mean: float

    @property
    def name(self) -> str:
        """As people are told it."""
        return "mean" if self.element == MEAN else str(self.element)


@dataclass(frozen=True)
class Reference:
    """Columns of a version's validation, each as its features.

    Attributes:
        rows: That it was validated on.
        columns: By name.
    """

    rows: int
    columns: Mapping[str, tuple[Feature, ...]]

    @classmethod
    def of(cls, parity: Parity, *, greedy: bool) -> Reference:
        """The reference of parity rows; `greedy`: the answers are Q-values."""
        choices = {
            name: tuple(part.stop - part.start for part in parts)
            for name in parity.expected
            if (parts := list(parity.choices_of(name)))
        }
        outputs = dict(parity.expected)
        for name, mask in parity.masks.items():
            # What is forbidden has any logit there.
            legal = parity.given[mask] == 1
            outputs[name] = np.where(legal, outputs[name], 10 * MASKED_LOGIT)
        seen = {name: column for name, column in parity.given.items() if name != STATE}
        columns = [*answered_columns(outputs, choices, greedy=greedy), *seen.items()]
        columns = columns[:MOST_COLUMNS]
        most = max(1, min(MOST_ELEMENTS, MOST_FEATURES // len(columns) - 1))
        return cls(len(parity), {name: _features(column, most) for name, column in columns})

    def to_bytes(self) -> bytes:
        """As JSON."""
        columns = {
            name: [[one.element, one.edges, one.counts, one.mean] for one in features]
            for name, features in self.columns.items()
        }
        return json.dumps({"rows": self.rows, "columns": columns}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Reference:
        """The reverse."""
        told = json.loads(content)
        columns = {
            name: tuple(
                Feature(int(element), tuple(edges), tuple(counts), float(mean))
                for element, edges, counts, mean in features
            )
            for name, features in told["columns"].items()
        }
        return cls(int(told["rows"]), columns)


def _features(column: Array, most: int) -> tuple[Feature, ...]:
    elements = chosen_elements(column, most)
    if column.reshape(len(column), -1).shape[1] > 1:
        elements = (MEAN, *elements)
    values = values_of(column, elements)
    return tuple(
        _feature(element, values[:, place], is_whole=column.dtype.kind in "iub" and element != MEAN)
        for place, element in enumerate(elements)
    )


def _feature(element: int, values: Array, *, is_whole: bool) -> Feature:
    edges = _edges(values, is_whole=is_whole)
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return Feature(element, tuple(edges.tolist()), tuple(counts.tolist()), float(np.mean(values)))


def _edges(values: Array, *, is_whole: bool) -> Array:
    """Edges of bins with equal shares; of few values of bins with one each."""
    known = np.unique(values)
    if len(known) == 1:
        margin = 0.5 if is_whole else 1e-3 * max(1.0, abs(float(known[0])))
        return np.array([known[0] - margin, known[0] + margin])
    if len(known) <= MOST_BINS:
        middles: Array = (known[:-1] + known[1:]) / 2
        return middles
    shares = np.arange(1, MOST_BINS) / MOST_BINS
    quantiles: Array = np.unique(np.quantile(values, shares))
    return quantiles
