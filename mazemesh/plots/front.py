"""A Pareto front: its points in each pair of objectives, and each point as a line over all."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mazemesh.optimization.choosing import ParetoFront
from mazemesh.plots.files import Section, write
from mazemesh.plots.style import BLUE, ORANGE, figure

_COLUMNS = 2
_PAIRS = 6
"""Panels at most: of four objectives all pairs."""
_COLOURS = "viridis"
_ROWS = 1_000
_SETTINGS = 30
"""Most points and variables of the table; front.json has all."""


def write_front(folder: Path, front: ParetoFront) -> list[Path]:
    """Writes front-trade-offs.png, front-profiles.png and front.html; their paths."""
    close, chosen = front.closeness(), front.chosen()
    order = [int(number) for number in np.argsort(-close, kind="stable")][:_ROWS]
    columns = [
        "point",
        *(one.label for one in front.objectives),
        "closeness",
        *front.variables[:_SETTINGS],
    ]
    rows = [
        [
            front.labels[number],
            *(f"{value:.6g}" for value in front.values[number]),
            f"{close[number]:.4f}",
            *(f"{value:.5g}" for value in front.points[number][:_SETTINGS]),
        ]
        for number in order
    ]
    title = f"Pareto front of {front.facts['problem']}"
    facts = {
        **front.facts,
        "points": len(front),
        "weights": ", ".join(f"{name} {w:g}" for name, w in front.weighting.weights.items()),
        "mode": front.weighting.name,
        "chosen": front.labels[chosen],
        **{f"{mode} would choose": front.labels[n] for mode, n in front.by_mode().items()},
        **{one.name: one.meaning for one in front.objectives if one.meaning},
    }
    sections = [
        Section("trade-offs", "Trade-offs", trade_offs(title, front)),
        Section("profiles", "Every point as a line", profiles(title, front), columns, rows),
    ]
    return write(folder, "front", title, facts, sections, ("png", "html"))


def trade_offs(title: str, front: ParetoFront) -> Figure:
    """A panel for each pair of objectives, six at most; colour is closeness to the ideal."""
    pairs = list(combinations(range(len(front.objectives)), 2))[:_PAIRS] or [(0, 0)]
    columns = min(len(pairs), _COLUMNS)
    rows = -(-len(pairs) // columns)
    made = figure(5.6 * columns, 4.2 * rows + 0.5, title)
    grid = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, (x, y) in zip(grid, pairs, strict=False):
        _scatter(axes, front, x, y)
    for axes in grid[len(pairs) :]:
        axes.remove()
    made.colorbar(grid[0].collections[0], ax=list(grid[: len(pairs)]), label="closeness (TOPSIS)")
    return made


def profiles(title: str, front: ParetoFront) -> Figure:
    """Parallel coordinates: each objective from its worst on the front, 0, to its best, 1."""
    made = figure(2.2 + 1.8 * len(front.objectives), 4.4, title)
    axes = made.subplots()
    sign = np.where([one.maximise for one in front.objectives], 1.0, -1.0)
    gains = front.values * sign
    span = np.ptp(gains, axis=0)
    shares = (gains - gains.min(axis=0)) / np.where(span > 0, span, 1.0)
    shares[:, span == 0] = 1.0
    places = np.arange(len(front.objectives))
    chosen = front.chosen()
    axes.plot(places, shares.T, color=BLUE, alpha=max(0.08, min(0.6, 20 / len(front))), lw=0.9)
    axes.plot(places, shares[chosen], color=ORANGE, lw=2.4, label=f"chosen: {front.labels[chosen]}")
    worst, best = sign * gains.min(axis=0), sign * gains.max(axis=0)
    axes.set_xticks(
        places,
        [
            f"{one.name}\n{worst[n]:.4g} to {best[n]:.4g} {one.unit}"
            for n, one in enumerate(front.objectives)
        ],
    )
    axes.set_ylabel("worst to best on the front")
    axes.legend(loc="upper center")
    return made


def _scatter(axes: Axes, front: ParetoFront, x: int, y: int) -> None:
    close, chosen = front.closeness(), front.chosen()
    order = np.argsort(close, kind="stable")  # the closest are drawn last
    across, up = front.values[order, x], front.values[order, y]
    axes.scatter(across, up, c=close[order], cmap=_COLOURS, s=22, vmin=0, vmax=1)
    at = front.values[chosen, x], front.values[chosen, y]
    axes.scatter(*at, 220, marker="*", color=ORANGE, edgecolor="white", zorder=3)
    axes.set_xlabel(front.objectives[x].label)
    axes.set_ylabel(front.objectives[y].label)
    for axis, number in ((axes.xaxis, x), (axes.yaxis, y)):
        if np.abs(front.values[:, number]).max() >= 5_000:
            axis.set_major_formatter(EngFormatter(sep=""))
