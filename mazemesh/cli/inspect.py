"""`mazemesh status`, `leaderboard`: what runs, and who leads."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    connected,
    errors_as_lines,
    find,
)
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.times import end_of, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mazemesh.v1.elo_pb2 import GetLeaderboardResponse, PlayerRating

_HEADLINE = "bradley-terry"

_TOLD = 10
"""Ladders that are named instead of an empty one."""


def status(
    data_dir: DataDir = DATA_DIR, host: Host = None, port_base: PortBase = None, json: Json = False
) -> None:
    """Tell which services answer, what Replay holds and how many games run.

    Exit status 1 when a service does not answer.
    """
    from mazemesh.cli.health import serving
    from mazemesh.cli.league_record import COLUMNS, member_rows, read_league
    from mazemesh.client.addresses import Addresses

    with errors_as_lines():
        addresses = Addresses.from_environment(*find(data_dir, host, port_base))
    names = ("game", "matchmaker", "model", "elo", "replay")
    states = {name: serving(getattr(addresses, name)) for name in names}
    details: dict[str, Any] = {}
    with connected(data_dir, host, port_base) as mesh:
        if states["replay"] == "serving":
            details["tables"] = [
                {
                    "table": info.table.name,
                    "size": info.size,
                    "capacity": info.table.capacity,
                    "inserts": info.inserts,
                    "samples": info.samples,
                    "waiting_inserts": info.waiting_inserts,
                    "waiting_samples": info.waiting_samples,
                }
                for info in mesh.replay.list_tables()
            ]
        if states["game"] == "serving":
            details["running_games"] = sum(one.num_games for one in mesh.game.list_active())
    league = read_league(data_dir) if host is None else None
    if league is not None:
        details["league"] = league["members"]
    if json:
        services = {
            name: {"address": getattr(addresses, name), "state": state}
            for name, state in states.items()
        }
        print_json({"services": services, **details})
    else:
        rows = [(name, getattr(addresses, name), state) for name, state in states.items()]
        print_table("Services", ("service", "address", "state"), rows)
        if details.get("tables"):
            columns = tuple(details["tables"][0])
            print_table("Replay", columns, [tuple(t.values()) for t in details["tables"]])
        if "running_games" in details:
            print_table("Games", ("running",), [(details["running_games"],)])
        if league is not None:
            print_table(f"League of {league['main']}", COLUMNS, member_rows(league))
    if any(state != "serving" for state in states.values()):
        raise typer.Exit(1)


def leaderboard(
    ladder: Annotated[str, typer.Argument(help="Name of the ladder, usually the game's.")] = "race",
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many players.")] = 20,
    prefix: Annotated[str, typer.Option(help="Only players whose name begins so.")] = "",
    around: Annotated[str, typer.Option(help="Centre the list on this player.")] = "",
    model: Annotated[
        str,
        typer.Option(help="bradley-terry (fitted, the headline), elo, glicko2 or plackett-luce."),
    ] = _HEADLINE,
    game: Annotated[
        str, typer.Option(help="All ladders of this game, whatever its settings.")
    ] = "",
    run: Annotated[str, typer.Option(help="Only versions of this policy.")] = "",
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only policy, bot, person or foreign; may be given again."),
    ] = None,
    since: Annotated[
        str, typer.Option(help="Only players with a match that ended then or later: 2026-11-20.")
    ] = "",
    start: Annotated[
        str, typer.Option("--from", help="Let only matches count that ended then or later.")
    ] = "",
    at: Annotated[
        str, typer.Option(help="As it stood then: 2026-11-24 is the end of that day, by UTC.")
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Show it again when it changes.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show ratings with their 95 % intervals, best first.

    LOS is the likelihood that the player of the row above is the better one.
    """
    filters: dict[str, Any] = {
        "prefix": prefix,
        "around": around,
        "run": run,
        "kinds": kind or (),
        "active_since": moment(since, "--since"),
    }
    window: dict[str, Any] = {"start": moment(start, "--from"), "end": end_of(at, "--at")}
    if watch:
        if game or any(window.values()):
            raise typer.BadParameter(
                "--watch shows one ladder as it is now; leave out --game, --from and --at"
            )
        with connected(data_dir, host, port_base) as mesh:
            seen = None
            for board in mesh.elo.watch_leaderboard(ladder, top, model=model, **filters):
                if board != seen:
                    _show_leaderboard(board, model, json=json)
                seen = board
        return
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        names = [one.ladder for one in mesh.elo.ladders(game)] if game else [ladder]
        boards = [
            mesh.elo.leaderboard(name, page_size=top, model=model, **filters, **window)
            for name in names
        ]
        nobody = not any(board.matches for board in boards) and not any(window.values())
        others = list(islice(mesh.elo.ladders(), _TOLD)) if nobody and not json else []
    if nobody and not json:
        typer.echo(_elsewhere(game or ladder, [one.ladder for one in others]), err=True)
    if json and game:
        print_json([_leaderboard(board, model) for board in boards])
        return
    for board in boards:
        _show_leaderboard(board, model, json=json)


def _elsewhere(wanted: str, ladders: Sequence[str]) -> str:
    """Where there is something to see instead."""
    if not ladders:
        return "no match has been rated yet; a mesh that trains rates its snapshots by and by"
    return f"nobody has a result on {wanted}; ladders with results: {', '.join(ladders)}"


def _show_leaderboard(board: GetLeaderboardResponse, model: str, *, json: bool) -> None:
    if json:
        print_json(_leaderboard(board, model))
        return
    columns = ("player", "rank", "rating", "low", "high", "games", "wins", "draws", "losses", "LOS")
    rows = [
        (
            *(r.player, r.rank or "-", *(_points(x, model) for x in (r.rating, r.low, r.high))),
            *(r.games, r.wins, r.draws, r.losses, _los(r)),
        )
        for r in board.players
    ]
    title = f"{board.ladder}: {board.matches} matches"
    if model != _HEADLINE:
        title += f", {model}"
    if abs(board.seat_effect) > 2.0 * board.seat_deviation > 0.0:
        title += f", first place worth {board.seat_effect:+.0f} points"
    print_table(title, columns, rows)


def _points(value: float, model: str) -> str:
    return f"{value:.{_digits(model)}f}" if model == "plackett-luce" else f"{value:.0f}"


def _digits(model: str) -> int:
    """Digits behind the point that a rating is worth: openskill's are some tens."""
    return 2 if model == "plackett-luce" else 1


def _los(row: PlayerRating) -> str:
    known = row.HasField("superiority_of_above")
    return f"{100 * row.superiority_of_above:.0f} %" if known else ""


def _leaderboard(board: GetLeaderboardResponse, model: str) -> dict[str, Any]:
    return {
        "ladder": board.ladder,
        "model": model,
        "matches": board.matches,
        "seat_effect": [round(board.seat_effect, 1), round(board.seat_deviation, 1)],
        "players": rating_rows(board.players, _digits(model)),
    }


def rating_rows(players: Any, digits: int = 1) -> list[dict[str, Any]]:
    """Ratings as plain data, best first, rounded to so many digits."""
    return [_rating(player, digits) for player in players]


def _rating(row: PlayerRating, digits: int) -> dict[str, Any]:
    return {
        "policy": row.player,
        "rank": row.rank,
        "rating": round(row.rating, digits),
        "low": round(row.low, digits),
        "high": round(row.high, digits),
        "games": row.games,
        "matches": row.matches,
        "wins": row.wins,
        "draws": row.draws,
        "losses": row.losses,
        "superiority_of_above": (
            round(row.superiority_of_above, 4) if row.HasField("superiority_of_above") else None
        ),
    }
