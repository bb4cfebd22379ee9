"""What all figures share: colours, size, and labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mazemesh.analysis.journal import Floats

# Okabe and Ito, Color Universal Design, 2008: told apart with every kind of colour vision.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
AMBER: Final = "#E69F00"
GREY: Final = "#6E6E6E"
LINES: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER)

_SETTINGS: Final[dict[str, Any]] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.dpi": 144.0,
}


def figure(width: float, height: float, title: str) -> Figure:
    """An empty figure in the common style; width and height in inches."""
    matplotlib.style.use(_SETTINGS)
    made = Figure(figsize=(width, height), layout="constrained")
    made.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return made


def count_steps(axes: Axes) -> None:
    """Makes the x axis one of agent steps: 500 k, 1 M, ..."""
    axes.set_xlabel("agent steps")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.set_xlim(left=0)


def readable_on(background: Sequence[float]) -> str:
    """Black or white, whichever stands out more from a colour (red, green, blue, ... in 0..1).

    By the contrast ratio of the Web Content Accessibility Guidelines 2.1, section 1.4.3.
    """
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in background[:3]
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "black"


def apart(wanted: Sequence[float] | Floats, gap: float, low: float, high: float) -> Floats:
    """Places near the wanted ones, at least `gap` from each other, in low..high where they fit.

    The order is kept. Neighbours that are too close are pushed apart about their common middle.
    """
    places = np.asarray(wanted, np.float64)
    order = np.argsort(places, kind="stable")
    groups: list[tuple[float, int]] = []  # middle and size of runs of touching labels
    for place in places[order]:
        groups.append((float(np.clip(place, low, high)), 1))
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            (a, n), (b, m) = groups[-2:]
            middle = (a * n + b * m) / (n + m)
            half = gap * (n + m - 1) / 2
            groups[-2:] = [(max(low + half, min(middle, high - half)), n + m)]
    spread = [middle + gap * (i - (size - 1) / 2) for middle, size in groups for i in range(size)]
    result = np.empty(len(places))
    result[order] = spread
    return result


def _touch(lower: tuple[float, int], upper: tuple[float, int], gap: float) -> bool:
    return upper[0] - lower[0] < gap * (lower[1] + upper[1]) / 2


def label_at_right(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Writes labels (value on the y axis, text, colour) beside the axes, joined to their values.

    The limits of the y axis must be final.
    """
    bottom, top = axes.get_ylim()
    shares = [(value - bottom) / (top - bottom) for value, _, _ in labels]
    figure = axes.get_figure(root=True)
    assert figure is not None
    inches = axes.get_position().height * figure.get_figheight()
    places = apart(shares, 0.17 / max(inches, 0.5), 0.0, 1.0)
    for (_, text, colour), share, place in zip(labels, shares, places, strict=True):
        axes.annotate(
            text,
            xy=(1.0, share),
            xytext=(1.03, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colour,
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkB": 0},
        )
