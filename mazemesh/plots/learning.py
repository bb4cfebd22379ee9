"""Learning curves: a panel for each statistic of the journal, over agent steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mazemesh.analysis.journal import Curves, Floats, Probe
from mazemesh.plots.style import BLUE, GREEN, count_steps, figure

_COLUMNS: Final = 3
_SMOOTHED_FROM: Final = 60
"""Points from which a curve is drawn as a running mean over its raw values."""
_THOUSANDS_FROM: Final = 5_000
"""Values from which an axis counts in thousands (k)."""


class Panel(NamedTuple):
    """How a statistic is drawn: title, label of the y axis with its unit."""

    title: str
    unit: str


PANELS: Final = {
    "episode_success": Panel("Success in training", "share of episodes"),
    "episode_reward": Panel("Reward in training, with shaping", "reward of an episode"),
    "episode_steps": Panel("Length in training", "steps of an episode"),
    "policy_loss": Panel("Policy loss", "loss"),
    "value_loss": Panel("Value loss", "squared error"),
    "loss": Panel("Loss", "Huber loss"),
    "td_error": Panel("TD error", "mean |error|, reward"),
    "q_value": Panel("Q-value", "discounted reward"),
    "entropy": Panel("Entropy of the policy", "nats"),
    "kl": Panel("KL to the acting policy", "nats"),
    "clip_fraction": Panel("Clipped ratios", "share of steps"),
    "explained_variance": Panel("Explained variance", "share of variance"),
    "gradient_norm": Panel("Gradient norm", "L2 norm, unclipped"),
    "importance": Panel("Importance weight", "mean weight"),
    "lag_versions": Panel("Policy lag", "versions"),
    "lag_steps": Panel("Policy lag, oldest row", "gradient steps"),
    "gpu_utilization": Panel("GPU", "share of time computing"),
    "gpu_memory_bytes": Panel("Memory on the GPU", "bytes"),
}
"""Statistics that learners write today, in the order of the panels; others follow by name."""


def learning_figure(title: str, curves: Curves, probes: Sequence[Probe]) -> Figure:
    """Success where it was probed, episodes, speed, then losses and the rest."""
    known = [name for name in PANELS if name in curves.statistics]
    names = known + [name for name in curves.statistics if name not in PANELS]
    episodes = [name for name in names if name.startswith("episode_")]
    count = 1 + bool(probes) + len(names)
    rows = -(-count // _COLUMNS)
    made = figure(4.2 * min(count, _COLUMNS), 2.3 * rows + 0.6, title)
    grid = made.subplots(rows, min(count, _COLUMNS), squeeze=False)
    panels = iter(grid.ravel())
    if probes:
        _success(next(panels), curves, probes)
    for name in episodes:
        _statistic(next(panels), curves, name)
    speed = next(panels)
    _curve(speed, curves.agent_steps, curves.agent_steps_per_second, GREEN)
    _frame(speed, curves, Panel("Learning speed", "agent steps/s"))
    speed.set_ylim(bottom=0)
    for name in names:
        if name not in episodes:
            _statistic(next(panels), curves, name)
    for axes in panels:
        axes.remove()
    return made


def _success(axes: Axes, curves: Curves, probes: Sequence[Probe]) -> None:
    steps = [curves.steps_at(probe.version) for probe in probes]
    rates = [probe.success_rate for probe in probes]
    axes.plot(steps, rates, color=GREEN, marker="o", markersize=3.5)
    _frame(axes, curves, Panel("Success of snapshots, held out", "share of games"))
    axes.set_ylim(-0.03, 1.03)


def _statistic(axes: Axes, curves: Curves, name: str) -> None:
    _curve(axes, curves.agent_steps, curves.statistics[name], BLUE)
    _frame(axes, curves, PANELS.get(name, Panel(name.replace("_", " "), name)))
    if name == "episode_success":
        axes.set_ylim(-0.03, 1.03)


def _curve(axes: Axes, steps: Floats, values: Floats, colour: str) -> None:
    seen = np.isfinite(values)
    x, y = steps[seen], values[seen]
    if len(y) < _SMOOTHED_FROM:
        axes.plot(x, y, color=colour, marker="." if len(y) < 2 else None)
        return
    axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(x, running_mean(y, len(y) // 20), color=colour)


def running_mean(values: Floats, window: int) -> Floats:
    """Mean of about `window` values around each, fewer at both ends; same length."""
    half = max(window // 2, 1)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    index = np.arange(len(values))
    first, last = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    means: Floats = (sums[last] - sums[first]) / (last - first)
    return means


def _frame(axes: Axes, curves: Curves, panel: Panel) -> None:
    axes.set_title(panel.title)
    axes.set_ylabel(panel.unit)
    if max(map(abs, axes.get_ylim())) >= _THOUSANDS_FROM:
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    count_steps(axes)
    if len(curves.agent_steps):
        axes.set_xlim(0, max(float(curves.agent_steps[-1]), 1.0) * 1.02)
