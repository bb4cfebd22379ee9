"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from mazemesh import __version__
from mazemesh.cli import (
    conformance,
    doctor,
    games,
    inspect,
    league,
    mesh,
    model,
    playing,
    plot,
    replay,
    replays,
    tune,
    workers,
)

_HELP = "Self-play and evaluation of maze agents: five services, actors, an evaluator, a learner."

app = typer.Typer(
    name="mazemesh",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mazemesh {__version__}")
        raise typer.Exit


@app.callback(help=_HELP)
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    pass


app.command()(mesh.up)
app.command()(doctor.doctor)
app.command()(conformance.conformance)
app.command()(inspect.status)
app.command()(inspect.leaderboard)
app.command()(inspect.policies)
app.command()(league.league)
app.command()(model.publish)
app.command()(playing.play)
app.command()(playing.evaluate)
app.command()(plot.plot)
app.command()(tune.tune)
app.add_typer(games.app, name="games")
app.add_typer(replay.app, name="replay")
app.command("replays")(replays.list_replays)
app.command()(replays.replay_game)
app.command(context_settings=workers.PASS_ON)(workers.train)
app.command()(workers.preset)
app.command(context_settings=workers.PASS_ON)(workers.actor)
app.command(context_settings=workers.PASS_ON)(workers.evaluator)
