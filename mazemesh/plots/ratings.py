"""Ratings: snapshots over the course of training, and how each rating settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mazemesh.analysis.journal import Floats
from mazemesh.analysis.ratings import History, RatedPlayer
from mazemesh.plots.style import BLUE, GREY, LINES, count_steps, figure, label_at_right


def rating_figure(
    title: str,
    snapshots: Sequence[RatedPlayer],
    steps: Sequence[float],
    bots: Sequence[RatedPlayer],
    histories: Sequence[History],
) -> Figure:
    """Rating by agent steps with 95 % intervals, bots as levels, online ratings by match below.

    Args:
        title: Of the figure.
        snapshots: Of one policy, by version.
        steps: Agent steps behind each snapshot.
        bots: Drawn as horizontal lines.
        histories: At most six; none leaves the lower panel out.
    """
    made = figure(8.6, 7.4 if histories else 4.4, title)
    panels = made.subplots(2 if histories else 1, 1, squeeze=False)[:, 0]
    _curve(panels[0], snapshots, np.asarray(steps, np.float64), bots)
    if histories:
        _histories(panels[1], histories)
    return made


def _curve(
    axes: Axes, snapshots: Sequence[RatedPlayer], steps: Floats, bots: Sequence[RatedPlayer]
) -> None:
    rating = np.array([player.rating for player in snapshots])
    reach = np.array(
        [[one.rating - one.low, one.high - one.rating] for one in snapshots], np.float64
    ).reshape(-1, 2)
    axes.errorbar(
        steps, rating, reach.T, color=BLUE, marker="o", markersize=4, capsize=3, elinewidth=1
    )
    for bot in bots:
        axes.axhspan(bot.low, bot.high, color=GREY, alpha=0.10, linewidth=0)
        axes.axhline(bot.rating, color=GREY, linestyle="--", linewidth=1)
    axes.set_title("Snapshots with 95 % intervals, and bots")
    axes.set_ylabel("rating (Elo points)")
    count_steps(axes)
    if len(steps):
        axes.set_xlim(-0.02 * steps.max(), max(steps.max(), 1.0) * 1.02)
    axes.set_ylim(axes.get_ylim())
    label_at_right(axes, [(bot.rating, bot.name, GREY) for bot in bots])


def _histories(axes: Axes, histories: Sequence[History]) -> None:
    labels = []
    for index, history in enumerate(histories):
        colour = LINES[index % len(LINES)]
        matches = np.arange(1, len(history.online_rating) + 1)
        axes.plot(matches, history.online_rating, color=colour, linewidth=1.1)
        axes.plot(matches[-1:], history.online_rating[-1:], color=colour, marker="o", markersize=4)
        labels.append((float(history.online_rating[-1]), history.player, colour))
    axes.set_title("Online rating as matches came in")
    axes.set_xlabel("matches of the player")
    axes.set_ylabel("rating (Elo points)")
    axes.margins(x=0.02)
    axes.set_ylim(axes.get_ylim())
    label_at_right(axes, labels)
