"""`mazemesh games`: which games there are, and whether one is as it should be."""

from __future__ import annotations

import sys
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

    Besides, any environment of Gymnasium or PettingZoo (parallel_env, Discrete actions) is a game:
    gymnasium:CartPole-v1, pettingzoo:pettingzoo.classic.rps_v2.
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
        "and any environment as gymnasium:ID or pettingzoo:MODULE, e.g. gymnasium:CartPole-v1\n"
    )


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
