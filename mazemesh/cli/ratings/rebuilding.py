"""`mazemesh ratings rebuild`: ratings made anew from the log, and whether they are what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.v1.elo_pb2 import RatingDifference, RebuildRatingsResponse

_SHOWN = 20


def rebuild(
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare, with status 1 if anything differs.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Fold the whole log of results anew, from nothing, and tell what differs from it.

    Without --verify what was made takes the place of what is served and stored, at once. The
    service goes on taking in results meanwhile. Needs an admin's key where there are keys.
    """
    last: RebuildRatingsResponse | None = None
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        for last in mesh.elo.rebuild_ratings(verify_only=verify):
            if not json and not last.done:
                typer.echo(f"{last.folded_matches} of {last.matches} matches", err=True)
    if last is None or not last.done:  # pragma: no cover - the service says more
        raise typer.Exit(1)
    if json:
        print_json(_report(last))
    else:
        _print(last)
    if verify and last.total_differences:
        raise typer.Exit(1)


def _report(last: RebuildRatingsResponse) -> dict[str, Any]:
    return {
        "matches": last.folded_matches,
        "ladders": last.ladders,
        "players": last.players,
        "pairs": last.pairs,
        "replaced": last.replaced,
        "total_differences": last.total_differences,
        "differences": [
            {
                "ladder": one.ladder,
                "player": one.player,
                "field": one.field,
                "where": _where(one),
                "found": one.found,
                "refolded": one.refolded,
            }
            for one in last.differences
        ],
    }


def _print(last: RebuildRatingsResponse) -> None:
    compared = (
        f"{last.folded_matches} matches, {last.players} players and {last.pairs} pairs on "
        f"{last.ladders} ladders"
    )
    if last.total_differences:
        columns = ("ladder", "player", "what", "where", "found", "the log says")
        rows = [
            (one.ladder, one.player, one.field, _where(one), f"{one.found:.17g}",
             f"{one.refolded:.17g}")
            for one in last.differences[:_SHOWN]
        ]  # fmt: skip
        print_table("Differences", columns, rows)
        more = last.total_differences - len(rows)
        hint = ", more with --json" if more > 0 else ""
        typer.echo(f"{compared}: {last.total_differences} differences{hint}")
    else:
        typer.echo(f"{compared}: all as the log says, to the last bit")
    if last.replaced:
        typer.echo("what was made anew is served and stored now")
    elif last.total_differences:
        typer.echo("`mazemesh ratings rebuild` puts right what differs")


def _where(one: RatingDifference) -> str:
    return "stored" if one.stored else "served"
