"""A run as columns: its axes, and a pyramid for each of its figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np

from services.gateway.curves.growing import Growing
from services.gateway.curves.pyramid import Array, Buckets, Pyramid

Axis = Literal["steps", "seconds"]

MAX_METRICS: Final = 256
PAUSE_SECONDS: Final = 60.0
"""Lines of a journal are some seconds apart; in a longer gap nothing ran, and no time passes."""

_NUMBERS: Final = (float, int)
_NO_METRICS: Final = frozenset({"time", "agent_steps"})


class Series:
    """The course of one run, by the lines of its journal.

    A run that was killed goes on below where it was: what it had to learn again is cut off.
    """

    def __init__(self) -> None:
        self._steps = Growing(np.float64)
        self._seconds = Growing(np.float64)
        self._times = Growing(np.float64)
        self._metrics: dict[str, Pyramid] = {}

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def nbytes(self) -> int:
        """Of memory."""
        axes = self._steps.nbytes + self._seconds.nbytes + self._times.nbytes
        return axes + sum(pyramid.nbytes for pyramid in self._metrics.values())

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of its figures, sorted."""
        return tuple(sorted(self._metrics))

    def axis(self, name: Axis) -> Array:
        """float64 [n]: agent steps, or seconds in which it ran; a view."""
        return (self._steps if name == "steps" else self._seconds).rows

    @property
    def began(self) -> float | None:
        """Time of the first line, seconds since 1970."""
        return float(self._times.rows[0]) if len(self) else None

    @property
    def last_time(self) -> float | None:
        """Time of the newest line, seconds since 1970."""
        return float(self._times.rows[-1]) if len(self) else None

    def newest(self) -> dict[str, float]:
        """The last value that each figure had."""
        found = {}
        for name, pyramid in self._metrics.items():
            known = np.flatnonzero(~np.isnan(pyramid.values[-64:]))
            if len(known):
                found[name] = float(pyramid.values[-64:][known[-1]])
        return found

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Adds lines, oldest first. Those without time and agent steps are passed over."""
        kept = [one for one in records if _is_line(one)]
        if not kept:
            return
        steps = np.array([one["agent_steps"] for one in kept], np.float64)
        falls = np.flatnonzero(np.diff(steps, prepend=self._last_steps()) < 0)
        begins, ends = [0, *falls.tolist()], [*falls.tolist(), len(kept)]
        for begin, end in zip(begins, ends, strict=True):
            if end > begin:
                self._cut(int(np.searchsorted(self._steps.rows, steps[begin], "right")))
                self._append(kept[begin:end], steps[begin:end])

    def buckets(self, metric: str, axis: Axis, edges: Array, parts: int = 1) -> Buckets | None:
        """A figure in buckets, see `Pyramid.buckets`; None where the run does not have it."""
        pyramid = self._metrics.get(metric)
        return None if pyramid is None else pyramid.buckets(self.axis(axis), edges, parts)

    def columns(self) -> dict[str, Array]:
        """All that it has, by name: axes, and figures as "figure/NAME"."""
        axes = {"steps": self._steps, "seconds": self._seconds, "times": self._times}
        figures = {f"figure/{name}": one.values for name, one in self._metrics.items()}
        return {**{name: column.rows for name, column in axes.items()}, **figures}

    @classmethod
    def of(cls, columns: Mapping[str, Array]) -> Series:
        """Reverses `columns`.

        Raises:
            KeyError: an axis is missing.
            ValueError: columns are not of one length.
        """
        series = cls()
        axes = (series._steps, series._seconds, series._times)
        for name, axis in zip(("steps", "seconds", "times"), axes, strict=True):
            axis.extend(columns[name])
        for name, values in columns.items():
            if name.startswith("figure/"):
                pyramid = series._metrics[name.removeprefix("figure/")] = Pyramid()
                pyramid.extend(values)
        lengths = {len(axis) for axis in axes} | {len(one) for one in series._metrics.values()}
        if len(lengths) > 1:
            raise ValueError("columns should be of one length")
        return series

    def _last_steps(self) -> float:
        return float(self._steps.rows[-1]) if len(self) else -np.inf

    def _append(self, lines: Sequence[Mapping[str, Any]], steps: Array) -> None:
        size = len(self)
        times = np.array([line["time"] for line in lines], np.float64)
        before = self._times.rows[-1] if size else times[0]
        spans = np.diff(times, prepend=before)
        ran = np.where((spans > 0) & (spans < PAUSE_SECONDS), spans, 0)
        start = self._seconds.rows[-1] if size else 0.0
        self._seconds.extend(start + np.cumsum(ran))
        self._times.extend(times)
        self._steps.extend(steps)
        for name in sorted(set().union(*lines) - _NO_METRICS):
            if name not in self._metrics and len(self._metrics) < MAX_METRICS:
                self._metrics[name] = Pyramid()
                self._metrics[name].extend(np.full(size, np.nan))
        for name, pyramid in self._metrics.items():
            pyramid.extend(_column([line.get(name) for line in lines]))

    def _cut(self, size: int) -> None:
        for axis in (self._steps, self._seconds, self._times):
            axis.cut(size)
        for pyramid in self._metrics.values():
            pyramid.cut(size)


def _is_line(record: Mapping[str, Any]) -> bool:
    time, steps = record.get("time"), record.get("agent_steps")
    if type(time) not in _NUMBERS or type(steps) not in _NUMBERS:
        return False
    return math.isfinite(time) and math.isfinite(steps)  # type: ignore[arg-type]


def _column(values: list[Any]) -> Array:
    """Numbers, NaN in place of all else."""
    if set(map(type, values)) <= {float, int, type(None)}:
        return np.array(values, np.float64)
    return np.array([one if type(one) in _NUMBERS else np.nan for one in values], np.float64)
