"""`mazemesh ratings ...`: what is done to ratings as a whole."""

from __future__ import annotations

import typer

from mazemesh.cli.rebuilding import rebuild

app = typer.Typer(no_args_is_help=True, help="Ratings as a whole.")
app.command()(rebuild)


@app.callback()
def ratings() -> None:
    """Ratings as a whole."""
