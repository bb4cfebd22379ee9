"""`mazemesh ratings ...`: results in and out of files, ladders, and ratings over time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected, needs_extra
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.ratings.rebuilding import rebuild
from mazemesh.cli.times import moment

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.match_files.files import Progress
    from mazemesh.match_files.report import ImportReport

app = typer.Typer(
    help="Results in and out of files; ladders; ratings over time, and rebuilt.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
app.command()(rebuild)

Format = Annotated[
    str,
    typer.Option(
        "--format", help="csv, jsonl or parquet; default: as the file's name ends, else csv."
    ),
]
Ladder = Annotated[str, typer.Option(help="Name of the ladder, usually the game's.")]

_SHOWN = 20
_PAGE = 1000


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or Parquet; - is standard input.")],
    format_: Format = "",
    ladder: Annotated[str, typer.Option(help="Of rows that name none.")] = "",
    time: Annotated[str, typer.Option(help="Of rows without one, such as 2026-11-24.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing.")
    ] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Record the others where rows are refused.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Record results of matches that were played elsewhere.

    The whole file is checked first; where a row is refused, nothing is recorded. A result counts
    once, however often its file is imported. Players become foreign/NAME; bots stay what they are.
    Exit status 1 when a row was refused.
    """
    with (
        needs_extra("archive"),
        connected(data_dir, host, port_base, ("elo",)) as mesh,
        _progress(quiet=json) as progress,
    ):
        report = mesh.ratings.import_file(
            file,
            format=format_,
            ladder=ladder,
            time=time,
            dry_run=dry_run,
            skip_refused=skip_refused,
            progress=progress,
        )
    if json:
        print_json(_report(report))
    else:
        _tell(report)
    if report.refused:
        raise typer.Exit(1)


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
    start, end = moment(since, "--since"), moment(until, "--until")
    with needs_extra("archive"), connected(data_dir, host, port_base, ("elo",)) as mesh:
        count = mesh.ratings.export_file(file, format=format_, ladder=ladder, start=start, end=end)
    typer.echo(f"{count} matches", err=True)


@app.command("ladders")
def ladders(
    game: Annotated[str, typer.Option(help="Only of this game, whatever its settings.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List the ladders that have results."""
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        found = list(mesh.elo.ladders(game))
    columns = ("ladder", "players", "matches", "last match")
    rows = [
        (
            one.ladder,
            one.players,
            one.matches,
            one.last_match_time.ToDatetime().isoformat(" ", "seconds"),
        )
        for one in found
    ]
    if json:
        names = ("ladder", "players", "matches", "last_match_time")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table("Ladders", columns, rows)


@app.command("history")
def history(
    player: Annotated[
        str, typer.Argument(help="race:41, bot/random, ...; or race, for all versions of it.")
    ],
    ladder: Ladder = "race",
    points: Annotated[int, typer.Option(min=1, max=64, help="How many, at most.")] = 20,
    since: Annotated[str, typer.Option(help="No point before.")] = "",
    until: Annotated[str, typer.Option(help="No point then or later.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show how a rating came to be what it is, with its 95 % interval at each point.

    Of one player over the matches of the ladder; of a policy over its versions, as they stand now.
    """
    start, end = moment(since, "--since"), moment(until, "--until")
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        if ":" not in player and "/" not in player:
            if since or until:
                raise typer.BadParameter("versions are told as they stand now, without times")
            rows = _versions(mesh, ladder, player, points)
        else:
            (curve,) = mesh.elo.rating_curves(ladder, [player], points=points, start=start, end=end)
            rows = [
                {
                    "time": one.time.ToDatetime().isoformat(" ", "seconds"),
                    "ladder_matches": one.ladder_matches,
                    "matches": one.matches,
                    "rating": round(one.rating, 1),
                    "low": round(one.low, 1),
                    "high": round(one.high, 1),
                    "rank": one.rank,
                }
                for one in curve.points
            ]
    if json:
        print_json({"player": player, "ladder": ladder, "points": rows})
        return
    columns = tuple(rows[0]) if rows else ("rating",)
    cells = [tuple(value or "-" if name == "rank" else value for name, value in row.items())
             for row in rows]  # fmt: skip
    print_table(f"{player} on {ladder}", [name.replace("_", " ") for name in columns], cells)


def _versions(mesh: Mesh, ladder: str, run: str, points: int) -> list[dict[str, Any]]:
    """Ratings of a policy's versions in their order, some of them where there are many."""
    found: list[tuple[int, dict[str, Any]]] = []
    token = ""
    while True:
        page = mesh.elo.leaderboard(ladder, page_size=_PAGE, page_token=token, run=run)
        for one in page.players:
            version = int(one.player.rpartition(":")[2])
            row = {
                "version": version,
                "matches": one.matches,
                "rating": round(one.rating, 1),
                "low": round(one.low, 1),
                "high": round(one.high, 1),
                "rank": one.rank,
            }
            found.append((version, row))
        token = page.next_page_token
        if not token:
            break
    found.sort(key=lambda each: each[0])
    last = len(found) - 1
    chosen = {last - last * place // max(1, points - 1) for place in range(points)}
    return [row for place, (_, row) in enumerate(found) if last < points or place in chosen]


def _tell(report: ImportReport) -> None:
    for refusal in report.refusals[:_SHOWN]:
        typer.echo(str(refusal), err=True)
    if report.refused > _SHOWN:
        typer.echo(f"... and {report.refused - _SHOWN} more", err=True)
    if report.ignored:
        typer.echo(f"columns that mean nothing: {', '.join(sorted(report.ignored))}", err=True)
    parts = [f"{report.rows} rows, {report.matches} matches"]
    if report.recorded or not (report.dry_run or report.refused):
        parts.append(f"{report.recorded} recorded")
    else:
        parts.append(f"{report.new} new")
    parts.append(f"{report.duplicates} known already")
    if report.refused:
        parts.append(f"{report.refused} refused")
    if report.dry_run or (report.refused and not report.recorded):
        parts.append("nothing was recorded")
    typer.echo("; ".join(parts))


def _report(report: ImportReport) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "matches": report.matches,
        "new": report.new,
        "recorded": report.recorded,
        "duplicates": report.duplicates,
        "refused": report.refused,
        "refusals": [one._asdict() for one in report.refusals],
        "ignored_columns": sorted(report.ignored),
        "dry_run": report.dry_run,
    }


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress | None]:
    """What shows how far an import is, where somebody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from mazemesh.cli.output import literal_console

    with literal_console(stderr=True).status("") as status:
        yield lambda report: status.update(
            f"{'recorded' if report.recorded else 'checked'} {report.matches} matches"
        )
