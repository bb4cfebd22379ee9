"""`mazemesh status`, `leaderboard`: what runs, and who leads."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from mazemesh.v1.elo_pb2 import PlayerRating


def status(
    data_dir: DataDir = DATA_DIR, host: Host = None, port_base: PortBase = None, json: Json = False
) -> None:
    """Tell which services answer, what Replay holds and how many games run.

    Exit status 1 when a service does not answer.
    """
    from mazemesh.cli.health import serving
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
    ] = "bradley-terry",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show ratings with their 95 % intervals, best first."""
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        board = mesh.elo.leaderboard(
            ladder, page_size=top, prefix=prefix, around=around, model=model
        )
    if json:
        print_json(
            {
                "ladder": ladder,
                "model": model,
                "matches": board.matches,
                "seat_effect": [round(board.seat_effect, 1), round(board.seat_deviation, 1)],
                "players": rating_rows(board.players, 3 if model == "plackett-luce" else 1),
            }
        )
        return
    columns = ("player", "rank", "rating", "low", "high", "games", "wins", "draws", "losses")
    rows = [
        (r.player, r.rank or "-", r.rating, r.low, r.high, r.games, r.wins, r.draws, r.losses)
        for r in board.players
    ]
    title = f"{ladder}: {board.matches} matches"
    if model != "bradley-terry":
        title += f", {model}"
    if abs(board.seat_effect) > 2.0 * board.seat_deviation > 0.0:
        title += f", first place worth {board.seat_effect:+.0f} points"
    print_table(title, columns, rows)


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
    }
