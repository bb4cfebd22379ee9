"""The dashboard of a running mesh, on a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mazemesh.cli.output import literal_console
from supervisor.running.layout import MeshPlan
from supervisor.watching.overview import Overview

_TOP = 10


class Dashboard:
    """The whole screen, refreshed in place."""

    def __init__(self, plan: MeshPlan, console: Console | None = None) -> None:
        self._plan = plan
        self._messages: list[str] = []
        self._live = Live(
            console=console or literal_console(stderr=True), screen=False, auto_refresh=False
        )
        self._live.start()

    def show(self, overview: Overview) -> None:
        """Draws everything anew."""
        left, right = _figures(overview), _board(overview)
        grid = Table.grid(padding=(0, 2))
        grid.add_row(left, right)
        names = ", ".join(self._plan.trained_policies)
        title = f"mazemesh: {names} learns {self._plan.game} by {self._plan.algorithm}"
        parts: list[RenderableType] = [
            Panel(grid, title=Text(title), subtitle="Ctrl-C stops"),
            Text(_processes(overview)),
        ]
        parts += [Panel(Text("\n".join(self._messages[-4:])))] if self._messages else []
        self._live.update(Group(*parts), refresh=True)

    def tell(self, message: str) -> None:
        """Adds it to the last messages."""
        self._messages.append(message)

    def close(self) -> None:
        """Leaves the last picture standing."""
        self._live.stop()


def _figures(overview: Overview) -> Table:
    table = Table.grid(padding=(0, 2))
    success = overview.success_rate
    lag, reward = overview.policy_lag, overview.episode_reward
    rows = [
        ("running", f"{overview.seconds:.0f} s"),
        ("games", f"{overview.games:,} ({overview.games_per_second:,.0f}/s)"),
        ("agent steps", f"{overview.agent_steps:,} ({overview.agent_steps_per_second:,.0f}/s)"),
        ("experience rows", f"{overview.experience:,}"),
        *((f"replay {name}", f"{size:,} rows") for name, size in overview.replay.items()),
        ("training step", f"{overview.training_step:,}"),
        ("newest version", f"{overview.newest} ({overview.snapshots} snapshots)"),
        ("policy lag", "-" if lag is None else f"{lag:.1f} versions"),
        ("reward", "-" if reward is None else f"{reward:.4g}"),
        *((name, f"{value:.4f}") for name, value in overview.losses.items()),
        ("success", "-" if success is None else f"{success:.1%}"),
        ("rating matches", f"{overview.matches:,}"),
        ("restarts", str(overview.restarts)),
    ]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _board(overview: Overview) -> Table:
    table = Table(title="Leaderboard", title_justify="left")
    for column in ("policy", "rating", "95 %", "games"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    for row in overview.leaderboard[:_TOP]:
        interval = f"{row.low:.0f} to {row.high:.0f}"
        table.add_row(row.player, f"{row.rating:.0f}", interval, str(row.games))
    return table


def _processes(overview: Overview) -> str:
    return "  ".join(f"{name}: {state}" for name, state in overview.states.items())
