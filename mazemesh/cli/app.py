"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from actor.cli import league, playing
from mazemesh import __version__
from mazemesh.cli import attaching, games, inspect, model, recordings
from services.replay import cli as replay
from supervisor.cli import doctor, plot, tune, up

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


app.command()(up.up)
app.command()(doctor.doctor)
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
app.command("replays")(recordings.list_replays)
app.command()(recordings.replay_game)
app.command(context_settings=attaching.PASS_ON)(attaching.train)
app.command()(attaching.preset)
app.command(context_settings=attaching.PASS_ON)(attaching.actor)
app.command(context_settings=attaching.PASS_ON)(attaching.evaluator)
