"""`mazemesh train`: attach a learner; `mazemesh preset`: what it trains with."""

from __future__ import annotations

from typing import Annotated

import typer

from mazemesh.cli.attaching import become, passing_on
from mazemesh.cli.options import DATA_DIR, DataDir, Host, PortBase, errors_as_lines


@passing_on
def train(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Attach a learner run (--help shows its flags)."""
    become(["learner"], context, data_dir, host, port_base)


def preset(
    game: Annotated[str, typer.Argument(help="Game: race, gymnasium:CartPole-v1 (`games`).")],
    algorithm: Annotated[
        str,
        typer.Option(
            help="ppo, recurrent-ppo, mappo, impala, a2c, dqn, r2d2, sac, td3, ddpg or your own."
        ),
    ] = "ppo",
) -> None:
    """Print a game's training settings, each with its meaning, as a file for --config."""
    with errors_as_lines():
        from learner.preset_file import preset_text

        typer.echo(preset_text(game, algorithm), nl=False)
