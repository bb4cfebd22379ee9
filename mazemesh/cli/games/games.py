"""`mazemesh games`: which games there are, and whether one is as it should be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mazemesh.cli.options import Json, errors_as_lines, is_listing
from mazemesh.cli.output import log_to_standard_error, print_json, print_table

app = typer.Typer(
    help="List games, or check one.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def list_all(context: typer.Context, json: Json = False) -> None:
    """List the games of mazemesh and those that installed packages offer.

    Besides, any environment of Gymnasium or PettingZoo is a game: gymnasium:CartPole-v1,
    pettingzoo:classic/tictactoe-v3, pettingzoo:mpe2.simple_spread_v3 (a module).
    """
    if not is_listing(context):
        return
    from mazemesh.games import list_games
    from mazemesh.games.foreign import plugins

    games = [
        {
            "game": game.name,
            "seats": f"{game.min_seats}..{game.max_seats}",
            "description": game.summary,
        }
        for game in list_games()
    ]
    games += [
        {"game": name, "seats": "", "description": f"of {point.dist.name if point.dist else '?'}"}
        for name, point in sorted(plugins().items())
    ]
    if json:
        print_json(games)
        return
    print_table("Games", ("game", "seats", "description"), [tuple(g.values()) for g in games])
    sys.stdout.write(
        "and any environment as gymnasium:ID, gymnasium-vector:ID, pettingzoo:ID or "
        "pettingzoo:MODULE, e.g. gymnasium:CartPole-v1\n"
    )


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the game: small letters, digits and hyphens.")],
    kind: Annotated[
        str, typer.Option(help="solo (Gymnasium), parallel (all move at once) or turns.")
    ] = "parallel",
    folder: Annotated[Path | None, typer.Option(help="To be made. Default: ./NAME")] = None,
) -> None:
    """Write a package for a game of your own, with tests, that can be trained as it stands."""
    from mazemesh.games.foreign.new_game import write_package

    place = folder or Path(name)
    with errors_as_lines():
        written = write_package(name, kind, place)
    sys.stdout.writelines(f"wrote {file}\n" for file in written)
    sys.stdout.write(f"next: cd {place} && pip install -e .[test] && pytest\n")


@app.command()
def table(
    file: Annotated[
        Path | None, typer.Argument(help="A table in TOML. Default: that of mazemesh itself.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Only rows that are marked quick.")] = False,
    steps: Annotated[int, typer.Option(min=1, help="Steps to play, of four games each.")] = 200,
    json: Json = False,
) -> None:
    """Check every environment of a table: it passes, or is refused for the reason in the table.

    Exit status 1 when one does otherwise. Environments whose packages are not installed are told
    as missing.
    """
    from mazemesh.games.foreign.table import check_row, read_table

    log_to_standard_error()
    results = []
    with errors_as_lines():
        for row in read_table(file):
            if quick and not row.quick:
                continue
            results.append(check_row(row, steps))
            if not json:
                one = results[-1]
                verdict = f"{one.verdict:8}" if one.as_expected else f"{one.verdict:8} UNEXPECTED"
                sys.stdout.write(f"{verdict} {row.game}: {one.detail}\n")
                sys.stdout.flush()
    if json:
        print_json([{"game": one.game, **vars(one)} for one in results])
    if not all(one.as_expected for one in results):
        raise typer.Exit(1)


@app.command()
def check(
    game: Annotated[str, typer.Argument(help="Name of the game, e.g. gymnasium:CartPole-v1.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps to play, of four games.")] = 1000,
    json: Json = False,
) -> None:
    """Play a game at random and check it: spaces, masks, rewards, determinism, autoreset, speed.

    Exit status 1 when something is not as it should be.
    """
    from mazemesh.games import open_game
    from mazemesh.games.foreign.check import check_game

    findings = []
    log_to_standard_error()
    with errors_as_lines():
        for finding in check_game(open_game(game), steps):
            findings.append(finding)
            if not json:
                verdict = "ok  " if finding.passed else "FAIL"
                sys.stdout.write(f"{verdict} {finding.check}: {finding.detail}\n")
    if json:
        print_json(
            {
                "game": game,
                "passed": all(one.passed for one in findings),
                "findings": [vars(one) for one in findings],
            }
        )
    if not all(one.passed for one in findings):
        raise typer.Exit(1)
