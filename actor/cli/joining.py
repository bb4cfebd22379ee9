"""`mazemesh join`: a person's matches of a tournament, in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, PortBase, connected

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.matchmaker_pb2 import TakePartResponse, TournamentSeats


def join(
    tournament_id: Annotated[str, typer.Argument(help="Id, from `mazemesh tournament list`.")],
    name: Annotated[str, typer.Option("--as", help="Who you are there: ann for player/ann.")],
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Take your part in a tournament: waits for your matches, and plays them in the terminal.

    You count as present as long as it runs. Arrow keys or w a s d move, space stays, q leaves a
    game. Off a terminal, moves are read as one letter a line: n e s w, or . to stay.
    """
    from mazemesh.errors import InvalidArgument
    from mazemesh.games.registry import is_own

    player = name if name.startswith("player/") else f"player/{name}"
    with connected(data_dir, host, port_base) as mesh:
        game = mesh.matchmaker.tournament(tournament_id).summary.game
        if not is_own(game):
            raise InvalidArgument(
                f"game {game} cannot be played in the terminal; take_part of the Python client "
                "tells the seats, which whatever plays it takes by PlayGame"
            )
        played: set[str] = set()
        last = ""
        for told in mesh.matchmaker.take_part(tournament_id, player):
            if told.HasField("matched"):
                _play(mesh, game, told.matched, played)
                continue
            line = _line(told)
            if line != last:
                _say(line)
            last = line


def _play(mesh: Mesh, game: str, matched: TournamentSeats, played: set[str]) -> None:
    """Plays the games of a match that were not played yet, one after the other."""
    from actor.cli.person import take_seat
    from mazemesh.errors import MazemeshError

    for number, place in enumerate(matched.seats, start=1):
        if place.seat_token in played:
            continue
        played.add(place.seat_token)
        _say(f"against {matched.opponent}: game {number} of {len(matched.seats)}")
        service = mesh.game.at(place.game_address)
        try:
            take_seat(service, place.seat_token, place.game_id, game)
        except MazemeshError as error:  # it may be created anew, and is told then
            _say(f"the game is gone: {error}")


def _line(told: TakePartResponse) -> str:
    if told.HasField("over"):
        place = f"place {told.over.place}" if told.over.place else "no place"
        return f"{place}; {told.over.explanation}"
    waiting = told.waiting
    if not waiting.opponent:
        return "waiting for your next opponent"
    if waiting.encounter.HasField("deadline"):
        until = waiting.encounter.deadline.ToDatetime().isoformat(" ", "seconds")
        return f"next: {waiting.opponent}, who has until {until} (UTC) to come"
    return f"next: {waiting.opponent}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
