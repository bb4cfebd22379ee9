"""`mazemesh head-to-head`: how players did against each other, as a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.times import end_of, moment

if TYPE_CHECKING:
    from mazemesh.client.ladder_calls import HeadToHeadMatrix

_SHOWN = {
    "score": "share of the points of their games",
    "games": "games",
    "los": "likelihood that the row's player is better",
}


def head_to_head(
    players: Annotated[
        list[str] | None, typer.Argument(help="race:41 race:37 bot/random ...; none: the best.")
    ] = None,
    ladder: Annotated[str, typer.Option(help="Name of the ladder, usually the game's.")] = "race",
    show: Annotated[
        str,
        typer.Option(help="score: share of points; games; los: likelihood of superiority."),
    ] = "score",
    top: Annotated[int, typer.Option(min=2, max=256, help="How many, if none is named.")] = 10,
    run: Annotated[str, typer.Option(help="Of those only versions of this policy.")] = "",
    kind: Annotated[
        list[str] | None, typer.Option(help="Of those only policy, bot, person or foreign.")
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", help="Let only matches count that ended then or later.")
    ] = "",
    at: Annotated[str, typer.Option(help="As it stood then; a day alone: at its end.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show how players did against each other: the row's against the column's."""
    if show not in _SHOWN:
        raise typer.BadParameter(f"--show: {show!r} should be one of {', '.join(_SHOWN)}")
    start, end = moment(from_, "--from"), end_of(at, "--at")
    with connected(data_dir, host, port_base, ("elo",)) as mesh:
        matrix = mesh.elo.head_to_head_matrix(
            ladder, players or (), top=top, run=run, kinds=kind or (), start=start, end=end
        )
    if json:
        print_json(_data(matrix))
        return
    rows = [(name, *(_cell(matrix, show, row, column) for column in range(len(matrix.players))))
            for row, name in enumerate(matrix.players)]  # fmt: skip
    print_table(f"{ladder}: {_SHOWN[show]}", ("player", *matrix.players), rows)


def _cell(matrix: HeadToHeadMatrix, show: str, row: int, column: int) -> str:
    games = int(matrix.games[row, column])
    if row == column:
        return ""
    if show == "los":
        value = float(matrix.superiorities[row, column])
        return "-" if value != value else f"{100 * value:.0f} %"  # not a number
    if not games:
        return "-"
    return str(games) if show == "games" else f"{100 * matrix.scores[row, column] / games:.0f} %"


def _data(matrix: HeadToHeadMatrix) -> dict[str, Any]:
    known = bool((matrix.superiorities == matrix.superiorities).all())
    return {
        "players": list(matrix.players),
        "matches": matrix.matches.tolist(),
        "games": matrix.games.tolist(),
        "wins": matrix.wins.tolist(),
        "draws": matrix.draws.tolist(),
        "scores": matrix.scores.tolist(),
        "expected_scores": matrix.expected_scores.tolist(),
        "superiorities": matrix.superiorities.tolist() if known else None,
    }
