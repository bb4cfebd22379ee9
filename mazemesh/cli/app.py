"""The command `mazemesh`: what it does itself. Its commands are those that are installed."""

from __future__ import annotations

from typing import Annotated

import typer

from mazemesh import __version__
from mazemesh.cli.installed import InstalledCommands

_HELP = "Self-play and evaluation of maze agents: five services, actors, an evaluator, a learner."

app = typer.Typer(
    name="mazemesh",
    cls=InstalledCommands,
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
