"""What the newest version forgot, and how diverse the snapshots became."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mazemesh.analysis.forgetting import Milestone
from mazemesh.analysis.journal import Floats
from mazemesh.plots.style import BLUE, GREY, ORANGE, count_steps, figure


def league_figure(
    title: str, found: Sequence[Milestone], steps: Sequence[float], diversity: Floats
) -> Figure:
    """Scores against milestones on the left, effective diversity on the right.

    Args:
        title: Of the figure.
        found: Milestones of the newest version, one or more.
        steps: Agent steps behind each snapshot, oldest first.
        diversity: [snapshots], of all snapshots up to each.
    """
    made = figure(9.6, max(0.32 * len(found) + 1.8, 3.4), title)
    left, right = made.subplots(1, 2, width_ratios=(3, 2))
    _milestones(left, found)
    right.plot(steps, diversity, color=BLUE, marker="o", markersize=3.5)
    right.set_title("Effective diversity of the snapshots")
    right.set_ylabel("share of wins among the best")
    count_steps(right)
    right.set_ylim(-0.02, max(0.35, float(diversity.max()) * 1.1))
    return made


def _milestones(axes: Axes, found: Sequence[Milestone]) -> None:
    """A line for each opponent, from the best earlier score to the newest version's."""
    for row, one in enumerate(found):
        axes.plot([one.best_score, one.score], [row, row], color=GREY, linewidth=1)
    rows = range(len(found))
    axes.plot([one.best_score for one in found], rows, "o", color=ORANGE, label="best before")
    axes.plot([one.score for one in found], rows, "o", color=BLUE, label="newest")
    axes.set_yticks(rows, [one.opponent for one in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("mean score (0 lost, 1 won)")
    axes.set_ylabel("opponent")
    axes.set_title("What was forgotten: orange right of blue")
    axes.legend(loc="lower left", fontsize=8)
