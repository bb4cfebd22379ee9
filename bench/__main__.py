"""`python -m bench COMMAND`: each command is a module of this package with an `app`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# A module is imported when its command is asked for: each may need packages of its own.
COMMANDS = {
    "algorithms": "bench.algorithms.command",
    "backup": "bench.stores.backup",
    "cluster": "bench.cluster.command",
    "elo-scale": "bench.elo.scale",
    "experiments": "bench.experiments.command",
    "fairness": "bench.fairness",
    "game": "bench.game.command",
    "gateway": "bench.gateway.command",
    "league": "bench.league.command",
    "inference": "bench.inference.command",
    "leaderboard": "bench.leaderboard.command",
    "learner": "bench.learner.command",
    "learner-budget": "bench.learner.budget",
    "learner-device": "bench.learner.device",
    "matchmaker": "bench.matchmaker.command",
    "paint": "bench.gateway.paint",
    "rating": "bench.rating.command",
    "replay": "bench.replay.command",
    "replay-recovery": "bench.replay.recovery",
    "replay-soak": "bench.replay.soak",
    "scaling": "bench.scaling.command",
    "slow-link": "bench.slow_link.command",
    "spaces": "bench.spaces.command",
    "start": "bench.start",
    "table": "bench.table.command",
    "turns": "bench.turns.command",
    "version": "bench.version",
}


class LazyCommands(TyperGroup):
    """Knows its commands by name and imports them at their first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=LazyCommands, no_args_is_help=True, help="Measurements.")


@app.callback()
def _measure() -> None:
    """Measurements of the mesh and its parts."""


if __name__ == "__main__":
    app(prog_name="python -m bench")
