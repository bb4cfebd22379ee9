"""Trade-offs of a study: every trial in every pair of objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mazemesh.analysis.journal import Floats
from mazemesh.plots.style import BLUE, GREY, ORANGE, figure

_COLUMNS = 2
_THOUSANDS_FROM = 5_000


def trade_off_figure(
    title: str,
    labels: Sequence[str],
    values: Mapping[int, Sequence[float]],
    front: Sequence[int],
    chosen: int | None,
) -> Figure:
    """A panel for each pair of objectives; one objective alone is drawn over the trials.

    Args:
        title: Of the figure.
        labels: Of the objectives, with direction and unit.
        values: By trial's number, its objectives, finite.
        front: Numbers of the trials that none dominates.
        chosen: Number of the one that was chosen.
    """
    numbers = sorted(values)
    points = np.array([values[number] for number in numbers], np.float64).reshape(-1, len(labels))
    if len(labels) == 1:
        points = np.column_stack([np.array(numbers, np.float64), points])
        labels = ("trial", labels[0])
    pairs = list(combinations(range(len(labels)), 2))
    columns = min(len(pairs), _COLUMNS)
    rows = -(-len(pairs) // columns)
    made = figure(5.6 * columns, 4.2 * rows + 0.5, title)
    grid = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, (x, y) in zip(grid, pairs, strict=False):
        _scatter(axes, points[:, [x, y]], numbers, set(front), chosen)
        axes.set_xlabel(labels[x])
        axes.set_ylabel(labels[y])
    for axes in grid[len(pairs) :]:
        axes.remove()
    grid[0].legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3)
    return made


def _scatter(
    axes: Axes, points: Floats, numbers: Sequence[int], front: set[int], chosen: int | None
) -> None:
    best = np.array([number in front for number in numbers], bool)
    picked = np.array([number == chosen for number in numbers], bool)
    axes.margins(0.12)
    for mask, marker, size, colour, label in (
        (~best, "o", 22, GREY, "dominated"),
        (best & ~picked, "D", 34, BLUE, "Pareto front"),
        (picked, "*", 190, ORANGE, "chosen"),
    ):
        if mask.any():
            x, y = points[mask].T
            axes.scatter(x, y, marker=marker, s=size, color=colour, label=label)
    for axis, column in ((axes.xaxis, points[:, 0]), (axes.yaxis, points[:, 1])):
        if np.abs(column).max(initial=0.0) >= _THOUSANDS_FROM:
            axis.set_major_formatter(EngFormatter(sep=""))
    _number(axes, points[best], [number for number in numbers if number in front])


def _number(axes: Axes, points: Floats, numbers: Sequence[int]) -> None:
    """Writes trial numbers beside points, but not where another number stands already."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    placed: list[tuple[float, float]] = []
    for (x, y), number in zip(points, numbers, strict=True):
        at = (x - left) / (right - left), (y - bottom) / (top - bottom)
        if any(abs(at[0] - a) < 0.06 and abs(at[1] - b) < 0.05 for a, b in placed):
            continue
        placed.append(at)
        axes.annotate(str(number), (x, y), (6, 5), textcoords="offset points", fontsize=8)
