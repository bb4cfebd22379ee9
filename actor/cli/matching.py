"""`mazemesh match`: a person finds others to play with, and plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.matchmaker_pb2 import FindMatchResponse, Matched


def match(
    player: Annotated[str, typer.Argument(help="Who you are: ann, or player/ann.")],
    game: Annotated[str, typer.Option(help="The game.")] = "race",
    seats: Annotated[
        int | None, typer.Option(min=1, max=64, help="Players, where the game lets one choose.")
    ] = None,
    rated: Annotated[bool, typer.Option("--rated", help="The result counts.")] = False,
    wait: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Seconds at most.")] = 60.0,
    bot_after: Annotated[
        float | None, typer.Option(min=0.0, max=3600.0, help="Seconds after which bots will do.")
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option("--with", help="Who comes along in your team; may be repeated."),
    ] = None,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="A seat of a running match will do, whose player is gone."),
    ] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Find other players of about your strength, and play with them in the terminal.

    Ctrl-C leaves the queue. With --json the seat that was found is printed and not played: a bot of
    your own takes it by its token, and so does each of the party.
    """
    from mazemesh.client.matchmaker import find_request
    from mazemesh.errors import InvalidArgument
    from mazemesh.games.registry import is_own
    from mazemesh.games.settings import GameSettings

    if not is_own(game) and not json:
        raise typer.BadParameter(
            f"{game} cannot be played in the terminal; add --json, and a program plays the seat",
            param_hint="--game",
        )
    with connected(data_dir, host, port_base) as mesh:
        if party and not json:
            raise InvalidArgument(
                "--with: each of a party needs its seat; add --json, which prints all of them"
            )
        request = find_request(
            _name(player),
            game,
            settings=None if seats is None else GameSettings(seats=seats),
            rated=rated,
            max_wait=wait,
            bot_after=bot_after,
            party=[_name(one) for one in party or ()],
            backfill=backfill,
        )
        found = _found(mesh, mesh.matchmaker.find_by(request))
        if json:
            print_json(_as_data(found))
            return
        from actor.cli.person import take_seat

        typer.echo(f"found: {', '.join(found.participants)}; you have seat {found.seat + 1}")
        where = mesh.game.at(found.game_address)
        take_seat(where, found.seat_token, found.game_id, game)


def _name(player: str) -> str:
    return player if "/" in player or ":" in player else f"player/{player}"


def _found(mesh: Mesh, news: Iterator[FindMatchResponse]) -> Matched:
    """The match, once there is one; whoever interrupts leaves the queue at once."""
    from mazemesh.errors import FailedPrecondition, NotFound

    ticket_id = ""
    try:
        for one in news:
            ticket_id = one.ticket_id
            if one.HasField("matched"):
                return one.matched
            queued = one.queued
            typer.echo(
                f"waiting: rated {queued.rating:.0f}, others within {queued.window:.0f}; "
                f"{queued.tickets_waiting} in all queues",
                err=True,
            )
    except KeyboardInterrupt:
        if ticket_id:
            try:
                mesh.matchmaker.cancel(ticket_id)
            except (FailedPrecondition, NotFound) as error:
                typer.echo(f"left too late: {error}", err=True)
        raise
    raise RuntimeError("the search ended without a match")


def _as_data(found: Matched) -> dict[str, object]:
    return {
        "match_id": found.match_id,
        "game_id": found.game_id,
        "game_address": found.game_address,
        "seat": found.seat,
        "seat_token": found.seat_token,
        "participants": list(found.participants),
        "backfilled": found.backfilled,
        "party": [
            {
                "player": one.player,
                "game_id": one.game_id,
                "seat": one.seat,
                "seat_token": one.seat_token,
            }
            for one in found.party
        ],
    }
