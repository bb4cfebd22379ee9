"""Shows a running mesh: a Rich dashboard on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TextIO

from supervisor.running.layout import MeshPlan

if TYPE_CHECKING:
    from supervisor.watching.overview import Overview

_LINE_EVERY = 5.0


class Display(Protocol):
    """Where a run is shown."""

    def show(self, overview: Overview) -> None:
        """Shows the present state."""
        ...

    def tell(self, message: str) -> None:
        """Tells of something that happened."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it was."""
        ...


def open_display(plan: MeshPlan, *, plain: bool) -> Display:
    """The dashboard on a terminal, unless `plain`; lines elsewhere."""
    if plain or not sys.stderr.isatty():
        return Lines(sys.stderr)
    from supervisor.watching.dashboard import Dashboard  # loads Rich

    return Dashboard(plan)


class Lines:
    """One line of figures every five seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = 0.0

    def show(self, overview: Overview) -> None:
        """Writes a line when one is due."""
        if overview.seconds >= self._due:
            self._due = overview.seconds + _LINE_EVERY
            self.tell(line(overview))

    def tell(self, message: str) -> None:
        """Writes it at once."""
        self._stream.write(message + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing to leave."""


def line(overview: Overview) -> str:
    """The figures in one line."""
    parts = [
        f"{overview.seconds:6.0f} s",
        f"{overview.games} games ({overview.games_per_second:.0f}/s)",
        f"{overview.agent_steps} steps ({overview.agent_steps_per_second:.0f}/s)",
        f"replay {sum(overview.replay.values())}",
        f"version {overview.newest}",
        f"{overview.snapshots} snapshots",
    ]
    if overview.policy_lag is not None:
        parts.append(f"lag {overview.policy_lag:.1f}")
    if overview.episode_reward is not None:
        parts.append(f"reward {overview.episode_reward:.4g}")
    parts += [f"{name} {value:.3f}" for name, value in overview.losses.items()]
    if overview.success_rate is not None:
        parts.append(f"success {overview.success_rate:.2f}")
    if overview.leaderboard:
        best = overview.leaderboard[0]
        parts.append(f"top {best.player} {best.rating:.0f} [{best.low:.0f}, {best.high:.0f}]")
    if overview.restarts:
        parts.append(f"{overview.restarts} restarts")
    return "  ".join(parts)
