"""`mazemesh recordings ...`: games of matches that were played, to be shown or verified."""

from __future__ import annotations

import sys
import time
from itertools import repeat
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    connected,
    errors_as_lines,
    is_listing,
)
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.game_replay import GameReplay
    from mazemesh.games import Catalogue, Engine
    from mazemesh.v1.game_pb2 import ReplayInfo


app = typer.Typer(
    help="Recordings of match games: list them, show or verify one.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)

GameId = Annotated[str, typer.Argument(help="Id of the game, from `mazemesh recordings`.")]


@app.callback()
def list_recordings(
    context: typer.Context,
    game: Annotated[str, typer.Option(help="Only of this game.")] = "",
    match: Annotated[str, typer.Option(help="Only of the match with this id.")] = "",
    player: Annotated[str, typer.Option(help="Only with this player, e.g. race:12.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many games.")] = 20,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List the recorded games, the last finished first."""
    if not is_listing(context):
        return
    from itertools import islice

    with connected(data_dir, host, port_base, ("game",)) as mesh:
        found = mesh.game.list_replays(game=game, match_id=match, participant=player)
        infos = list(islice(found, limit))
    if json:
        print_json([_info(one) for one in infos])
        return
    columns = ("game id", "game", "participants", "scores", "steps", "rated", "finished")
    rows = [
        (
            one.game_id,
            one.game,
            " ".join(one.participants),
            " ".join(f"{score:g}" for score in one.outcome.scores),
            one.outcome.steps,
            "yes" if one.rated else "",
            one.finish_time.ToDatetime().isoformat(" ", "seconds"),
        )
        for one in infos
    ]
    print_table("Recordings", columns, rows)


@app.command()
def show(
    game_id: GameId,
    speed: Annotated[float, typer.Option(min=0.1, help="Steps a second on a terminal.")] = 8.0,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Show a game that was played."""
    with connected(data_dir, host, port_base, ("game",)) as mesh:
        recording = mesh.game.replay(game_id)
    with errors_as_lines():
        _show(recording, speed)


@app.command()
def verify(
    game_id: GameId,
    game: Annotated[
        str,
        typer.Option(
            help="A foreign game that may be started to verify it, by its exact name with "
            "arguments; those of the data folder's own runs may anyway."
        ),
    ] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Play a recorded game once more and compare.

    Exit status 1 when it differs; the message tells the first step where it does.
    """
    from mazemesh.cli.games.own_games import own_games

    with connected(data_dir, host, port_base, ("game",)) as mesh:
        recording = mesh.game.replay(game_id)
    with errors_as_lines():
        _verify(recording, own_games(data_dir, [game]))


def _verify(recording: GameReplay, games: Catalogue) -> None:
    from mazemesh.game_replay import verify

    games.check(recording.game)
    difference = verify(recording, games)
    if difference is not None:
        sys.stderr.write(
            f"mazemesh: game {recording.game_id} differs at step {difference.step} of "
            f"{recording.steps}: {difference.reason}\n"
        )
        raise typer.Exit(1)
    hashes = len(recording.hashes)
    sys.stdout.write(
        f"{recording.game_id}: {recording.steps} steps, {hashes} hashes and the outcome agree\n"
    )


def _show(recording: GameReplay, speed: float) -> None:
    """Draws every step on a terminal; elsewhere one line a step, and the first and last picture.

    Of foreign games there are no pictures, and so they are not played for it.
    """
    from mazemesh.game_replay import play
    from mazemesh.games.registry import is_own

    terminal = sys.stdout.isatty()
    engines = play(recording) if is_own(recording.game) else repeat(None, recording.steps + 1)
    for step, engine in enumerate(engines):
        if terminal:
            sys.stdout.write("\x1b[2J\x1b[H")
        if engine is not None and (terminal or step in (0, recording.steps)):
            sys.stdout.write(_picture(engine) + "\n")
        sys.stdout.write(_line(recording, step) + "\n")
        sys.stdout.flush()
        if terminal and step < recording.steps:
            time.sleep(1 / speed)  # what is seen, not waited for
    for seat, (name, score) in enumerate(
        zip(recording.participants, recording.scores, strict=True)
    ):
        sys.stdout.write(f"{seat + 1} {name}: {score:g}\n")


def _picture(engine: Engine) -> str:
    from mazemesh.games.mazes.render import draw_text

    goals, items = engine.landmarks(0)
    return draw_text(engine.passages[0], goals, list(engine.position[0]), items=items)


def _line(recording: GameReplay, step: int) -> str:
    from mazemesh.games import ACTIONS, get_game
    from mazemesh.games.mazes.overview import legend
    from mazemesh.games.registry import is_own

    if step == 0:
        names = ", ".join(f"{seat + 1} {name}" for seat, name in enumerate(recording.participants))
        signs = legend(get_game(recording.game)) if is_own(recording.game) else ""
        seeds = f"seed {recording.seed}, rotation {recording.rotation}"
        return f"{recording.game}, {seeds}: {names}" + (f"; {signs}" if signs else "")
    actions = recording.actions[step - 1].tolist()
    moved = [ACTIONS[action] for action in actions] if is_own(recording.game) else actions
    moves = (f"{seat + 1} {name}" for seat, name in enumerate(moved))
    return f"step {step} of {recording.steps}: {', '.join(moves)}"


def _info(one: ReplayInfo) -> dict[str, object]:
    return {
        "game_id": one.game_id,
        "match_id": one.match_id,
        "game": one.game,
        "rules_hash": one.rules_hash,
        "participants": list(one.participants),
        "scores": list(one.outcome.scores),
        "steps": one.outcome.steps,
        "truncated": one.outcome.truncated,
        "rated": one.rated,
        "finish_time": one.finish_time.ToJsonString(),
    }
