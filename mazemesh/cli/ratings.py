"""`mazemesh ratings ...`: results in and out of files, ladders, and ratings over time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase

app = typer.Typer(
    help="Results in and out of files; ladders; ratings over time.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Format = Annotated[
    str,
    typer.Option(
        "--format", help="csv, jsonl or parquet; default: as the file's name ends, else csv."
    ),
]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or Parquet; - is standard input.")],
    format_: Format = "",
    ladder: Annotated[str, typer.Option(help="Of rows that name none.")] = "",
    time: Annotated[str, typer.Option(help="Of rows without one, such as 2026-11-24.")] = "",
    dry_run: Annotated[bool, typer.Option(help="Tell what would be done, and do nothing.")] = False,
    skip_refused: Annotated[
        bool, typer.Option(help="Record the other rows where some are refused.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Record results of matches that were played elsewhere.

    The whole file is checked first; where a row is refused, nothing is recorded, and exit status is
    1. A result counts once, however often its file is imported. Players become foreign/NAME, bots
    stay what they are.
    """
    raise NotImplementedError


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write; - is standard output.")] = Path("-"),
    format_: Format = "",
    ladder: Annotated[str, typer.Option(help="Only of this ladder; empty: all.")] = "",
    since: Annotated[str, typer.Option(help="Only matches that ended then or later.")] = "",
    until: Annotated[str, typer.Option(help="Only matches that ended before.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Write the results that ratings rest on to a file, oldest first."""
    raise NotImplementedError
