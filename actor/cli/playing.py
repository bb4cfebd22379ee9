"""`mazemesh evaluate` and `mazemesh play`: games for their own sake."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.v1.game_pb2 import GameSettings


def evaluate(
    a: Annotated[str, typer.Argument(help="A policy: race:latest, race:12, bot/random.")],
    b: Annotated[str, typer.Argument(help="The policy it plays against.")],
    games: Annotated[int, typer.Option(min=1, help="How many games.")] = 200,
    game: Annotated[
        str, typer.Option(help="The game; default: the one that A or B was trained on.")
    ] = "",
    temperature: Annotated[
        float,
        typer.Option(
            min=0.0, help="Of the draws from the policies; 0 is greedy, as Q-networks always are."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Play A against B on held-out mazes, every maze with the places swapped. Not rated.

    A's score counts a draw for half; its 95 % interval takes the mazes for independent, not the
    games. In games of teams A and B hold a team each. Where more than two sides play, A is one of
    them against B on all others, and the other way round.
    """
    import numpy as np

    from mazemesh.cli.games.own_games import own_games
    from mazemesh.errors import InvalidArgument
    from mazemesh.evaluation.duel import duel
    from mazemesh.games import is_bot
    from mazemesh.policy.cache import PolicyCache

    with connected(data_dir, host, port_base, ("game", "model"), [game]) as mesh:
        pair = exact(mesh, a), exact(mesh, b)
        if is_bot(pair[0]) and is_bot(pair[1]):
            raise InvalidArgument(
                f"{a} and {b} are both bots; at least one has to be a policy "
                "(`mazemesh leaderboard` tells how the bots compare)"
            )
        name, settings = trained_on(mesh, pair, game)
        spec = mesh.game.spec(name, settings).spec
        with Counting(games, f"{pair[0]} against {pair[1]}") as progress:
            tally = duel(
                mesh.game,
                PolicyCache(mesh.model).get,
                spec,
                pair,
                games,
                temperature=temperature,
                rng=np.random.default_rng(seed),
                progress=progress,
                own_games=own_games(data_dir, [game]),
            )
    low, high = tally.interval()
    result = {
        "game": name,
        "a": pair[0],
        "b": pair[1],
        "games": tally.games,
        "wins": tally.wins,
        "draws": tally.draws,
        "losses": tally.losses,
        "win_rate": round(tally.win_rate, 4),
        "score": round(tally.score, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "mazes": len(tally.mazes),
    }
    if json:
        print_json(result)
    else:
        score = f"{tally.score:.1%} ({low:.1%} to {high:.1%})"
        row = (*pair, tally.games, tally.wins, tally.draws, tally.losses, score)
        print_table(name, ("a", "b", "games", "wins", "draws", "losses", "a scores (95 %)"), [row])


def play(
    opponent: Annotated[
        str, typer.Argument(help="Who sits opposite: race:latest, race:12, bot/shortest-path.")
    ] = "race:latest",
    game: Annotated[
        str, typer.Option(help="The game; default: the one that the opponent was trained on.")
    ] = "",
    seed: Annotated[int | None, typer.Option(min=0, help="Number of the maze.")] = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Play a maze in the terminal against a policy.

    Arrow keys or w a s d move, space stays, q leaves. Off a terminal, moves are read as one letter
    a line: n e s w, or . to stay.
    """
    import secrets

    from actor.cli.person import play_in_terminal
    from mazemesh.errors import InvalidArgument
    from mazemesh.games.registry import is_own

    number = secrets.randbits(40) if seed is None else seed
    with connected(data_dir, host, port_base, ("game", "model")) as mesh:
        reference = exact(mesh, opponent)
        name, settings = trained_on(mesh, (reference,), game)
        if not is_own(name):
            raise InvalidArgument(
                f"game {name} cannot be played in the terminal: WatchGame shows no picture of it, "
                "and its actions are no moves that keys stand for; `mazemesh play` is for mazes, "
                f"`mazemesh evaluate {reference} bot/random` plays this one"
            )
        play_in_terminal(mesh, reference, name, settings, number)


def exact(mesh: Mesh, reference: str) -> str:
    """A reference with its version written out; a bot stays as it is.

    Raises:
        NotFound: no such policy or bot.
    """
    from mazemesh.errors import NotFound
    from mazemesh.games import BOTS, bot_policy, is_bot

    if is_bot(reference):
        return reference
    if reference.startswith("bot/"):
        known = ", ".join(bot_policy(bot) for bot in BOTS)
        raise NotFound(f"bot {reference!r} does not exist; there are {known}")
    version = mesh.model.describe(reference)
    return f"{version.name}:{version.version}"


def trained_on(mesh: Mesh, references: tuple[str, ...], game: str) -> tuple[str, GameSettings]:
    """The game to play: `game` under default settings, else what a reference was trained on."""
    from mazemesh.games import is_bot
    from mazemesh.v1.game_pb2 import GameSettings

    if game:
        return game, GameSettings()
    for reference in references:
        if not is_bot(reference):
            collection = mesh.model.describe(reference).collection
            return collection.game, collection.settings
    return "race", GameSettings()


class Counting:
    """Progress of a known number of games: a Rich bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int, title: str) -> None:
        from rich.markup import escape
        from rich.progress import Progress

        from mazemesh.cli.output import literal_console

        console = literal_console(stderr=True)
        self._progress = Progress(console=console, disable=not sys.stderr.isatty())
        self._task = self._progress.add_task(escape(title), total=total)

    def __enter__(self) -> Counting:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int) -> None:
        """Notes how many games are over."""
        self._progress.update(self._task, completed=done)
