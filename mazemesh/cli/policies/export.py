"""`mazemesh export`: a version with all that is needed to play it without the mesh."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.edge.card import Rating
    from mazemesh.games import Game, GameSettings


def export(
    policy: Annotated[str, typer.Argument(help='Version, e.g. "race:41" or "race:champion".')],
    to: Annotated[Path, typer.Option(help="Folder to write: a new one, or an empty one.")],
    licence: Annotated[
        str, typer.Option(help="Licence it may be used under, for the card; default: not stated.")
    ] = "",
    game: Annotated[
        str,
        typer.Option(
            help="A foreign game that may be started to compare the files on, by its exact name. "
            "Those of the data folder's runs may anyway."
        ),
    ] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Write a policy with variants, a card and runners, to play it without the mesh.

    The folder has the ONNX file, the same in ORT format for onnxruntime's mobile builds and with
    weights of eight bits, each compared with the file on held-out play; a card with the game,
    ratings, lineage, hashes and licence; and programs in Python and JavaScript that play it.
    """
    from mazemesh.cli.games.own_games import own_games
    from mazemesh.edge.bundle import export as write

    named = [game] if game else []
    with connected(data_dir, host, port_base, ("model", "elo"), named) as mesh:
        exported = write(
            policy,
            to,
            model=mesh.model,
            open_game=own_games(data_dir, named).get,
            ratings=lambda *rated: _ratings(mesh, *rated),
            licence=licence,
        )
    if json:
        files = [asdict(one) for one in exported.files]
        print_json({"policy": exported.policy, "folder": str(exported.folder), "files": files})
        return
    rows = [
        (
            one.name,
            one.what,
            one.size_bytes,
            f"{one.agreement.largest_difference:.1e}" if one.agreement else "",
            f"{100 * one.agreement.same_actions:.1f} %" if one.agreement else "",
        )
        for one in exported.files
    ]
    columns = ("file", "what", "bytes", "largest difference", "same actions")
    print_table(f"{exported.policy} in {exported.folder}", columns, rows)


def _ratings(mesh: Mesh, policy: str, game: Game, settings: GameSettings) -> list[Rating]:
    """Of a version on the ladder of the rules that it was trained for."""
    from mazemesh.edge.card import Rating
    from mazemesh.errors import NotFound
    from mazemesh.games.ladder import ladder

    name = ladder(game, settings)
    try:
        found = mesh.elo.rating(name, policy)
    except NotFound:
        return []
    return [Rating(name, found.rating, found.low, found.high, found.games)]
