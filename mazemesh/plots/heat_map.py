"""Who beats whom: the mean score of each player against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mazemesh.analysis.journal import Floats
from mazemesh.plots.style import figure, readable_on

_GAMES_UP_TO = 12
"""Players up to which a cell also tells its number of games."""


def head_to_head_figure(title: str, names: Sequence[str], score: Floats, games: Floats) -> Figure:
    """A heat map, rows against columns.

    Args:
        title: Of the figure.
        names: Of the players, best first.
        score: [names, names], mean score of the row's player, 0..1; NaN where they have not met.
        games: [names, names], games behind it.
    """
    size = len(names)
    numbered = size <= _GAMES_UP_TO
    cell = 0.58 if numbered else 0.46
    made = figure(max(cell * size + 2.9, 5.5), cell * size + 2.0, title)
    axes = made.subplots()
    # Orange to purple: the two ends differ in lightness for nobody, in hue for everybody.
    image = axes.imshow(score, cmap="PuOr", vmin=0.0, vmax=1.0)
    axes.set_facecolor("#EFEFEF")
    axes.set_xticks(range(size), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), names)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    what = "Mean score of the row's player, and games" if numbered else "Mean score"
    axes.set_title(f"{what} (grey: have not met)")
    axes.set_xlabel("opponent")
    axes.set_ylabel("player")
    colours = np.asarray(image.to_rgba(score))
    for row, column in zip(*np.nonzero(games > 0), strict=True):
        text = f"{score[row, column]:.0%}"
        if numbered:
            text += f"\n{games[row, column]:.0f}"
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=7.5 if numbered else 7,
            color=readable_on(colours[row, column].tolist()),
        )
    bar = made.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("mean score of the row's player (0 lost, 1 won)")
    bar.outline.set_visible(False)
    return made
