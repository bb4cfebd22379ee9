"""`mazemesh tournament ...`: started, listed, shown, watched, cancelled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.following import followed, watched
from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.ratings.gates import user

if TYPE_CHECKING:
    from rich.console import Group

    from mazemesh.client.matchmaker import MatchmakerClient
    from mazemesh.tournaments.view import View

app = typer.Typer(
    help="Tournaments: start one, list them, show, watch or cancel one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

TournamentId = Annotated[str, typer.Argument(help="Id, from `mazemesh tournament list`.")]
Svg = Annotated[Path | None, typer.Option(help="Write the bracket to this file as SVG.")]

_SHOWN = 16
"""Entrants, and encounters, that a live picture has."""


@app.command()
def create(
    entrants: Annotated[
        list[str] | None,
        typer.Argument(
            help="Who takes part: race:12, race:champion, bot/random, player/zoe; or a team, "
            "reds=race:12,player/zoe."
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option("--format", help="round-robin, gauntlet, swiss, single or double."),
    ] = "double",
    file: Annotated[
        Path | None, typer.Option(help="Further entrants, one a line; - is standard input.")
    ] = None,
    game: Annotated[
        str, typer.Option(help="The game; default: what the first version was trained on.")
    ] = "",
    seeding: Annotated[str, typer.Option(help="rating, given or random.")] = "rating",
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    rounds: Annotated[int, typer.Option(min=0, help="How many; 0: as the format has it.")] = 0,
    best_of: Annotated[int, typer.Option(min=1, help="Matches of an encounter, odd.")] = 1,
    rated: Annotated[
        bool | None,
        typer.Option(
            "--rated/--unrated", help="Whether results count; default: where no people play."
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option(min=1.0, help="Seconds that a match waits for people.")
    ] = 300.0,
    title: Annotated[str, typer.Option(help="For people.")] = "",
    request_id: Annotated[
        str, typer.Option(help="The same again is the same tournament; default: a new one.")
    ] = "",
    watch: Annotated[bool, typer.Option(help="Show it until it has ended.")] = False,
    svg: Svg = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Start a tournament; evaluators play its matches before others."""
    from mazemesh.tournaments.asking import request

    names = [*(entrants or ()), *(_lines(file) if file else ())]
    with connected(data_dir, host, port_base) as mesh:
        asked = request(
            format_,
            names,
            game=game,
            seeding=seeding,
            seed=seed,
            rounds=rounds,
            best_of=best_of,
            rated=rated,
            patience=patience,
            title=title,
            starter=user(),
        )
        asked.request_id = request_id
        made = mesh.matchmaker.create_tournament(asked)
        tournament_id = made.summary.tournament_id
        if watch:
            view = _watched(mesh.matchmaker, tournament_id, quiet=json)
        else:
            view = mesh.matchmaker.tournament(tournament_id)
    if watch or json or svg:
        _tell(view, svg, json=json)
    else:
        typer.echo(f"{tournament_id} runs; `mazemesh tournament watch {tournament_id}`")


@app.command("list")
def list_tournaments(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List tournaments, the last started first."""
    from itertools import islice

    from mazemesh.tournaments.data import summary_data

    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        found = [summary_data(one) for one in islice(mesh.matchmaker.tournaments(), limit)]
    if json:
        print_json(found)
        return
    columns = ("tournament_id", "title", "format", "entrants", "state", "played", "winners")
    rows = [[_cell(one[column]) for column in columns] for one in found]
    print_table("Tournaments", columns, rows)


@app.command()
def show(
    tournament_id: TournamentId,
    svg: Svg = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show standings and bracket."""
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        view = mesh.matchmaker.tournament(tournament_id)
    _tell(view, svg, json=json)


@app.command()
def watch(
    tournament_id: TournamentId,
    svg: Svg = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show a tournament until it has ended; Ctrl-C ends the watching alone."""
    with connected(data_dir, host, port_base) as mesh:
        view = _watched(mesh.matchmaker, tournament_id, quiet=json)
    _tell(view, svg, json=json)


@app.command()
def cancel(
    tournament_id: TournamentId,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """End a tournament as it stands; one that has ended stays as it is."""
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        mesh.matchmaker.cancel_tournament(tournament_id, reason)
        view = mesh.matchmaker.tournament(tournament_id)
    _tell(view, None, json=json)


def _lines(file: Path) -> list[str]:
    content = sys.stdin.read() if str(file) == "-" else file.read_text()
    return [line.strip() for line in content.splitlines() if line.strip()]


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else value


def _watched(matchmaker: MatchmakerClient, tournament_id: str, *, quiet: bool) -> View:
    from mazemesh.tournaments.text import headline

    told = followed(lambda: matchmaker.watch_tournament(tournament_id))
    return watched(told, headline, _picture, quiet=quiet)


def _picture(view: View) -> Group:
    """The best, and what is under way, as much as fits."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from mazemesh.tournaments.text import STANDINGS, headline, standings

    table = Table(*STANDINGS)
    for row in standings(view, _SHOWN):
        table.add_row(*map(Text, row))
    going = [view.line(one) for one in view.encounters.values() if not one.end][:_SHOWN]
    return Group(Text(headline(view)), table, *map(Text, going))


def _tell(view: View, svg: Path | None, *, json: bool) -> None:
    from mazemesh.tournaments.data import tournament_data
    from mazemesh.tournaments.text import STANDINGS, bracket, headline, standings

    if svg is not None:
        from mazemesh.tournaments.svg import svg as drawn

        svg.write_text(drawn(view), encoding="utf-8")
    if json:
        print_json(tournament_data(view))
        return
    typer.echo(headline(view))
    print_table("Standings", STANDINGS, standings(view))
    typer.echo("\n".join(bracket(view)))
    if svg is not None:
        typer.echo(f"written to {svg}")
