"""The games of mazemesh, by name. Looking one up imports, starts and opens nothing."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import shown
from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.mazes.rules.collect import COLLECT
from mazemesh.games.mazes.rules.coop_keys import COOP_KEYS
from mazemesh.games.mazes.rules.ctf import CTF
from mazemesh.games.mazes.rules.pursuit import PURSUIT
from mazemesh.games.mazes.rules.race import RACE
from mazemesh.games.mazes.rules.solo import SOLO

_GAMES: dict[str, MazeGame] = {
    game.name: game for game in (RACE, SOLO, PURSUIT, COLLECT, COOP_KEYS, CTF)
}


def list_games() -> tuple[MazeGame, ...]:
    """Return all games of mazemesh, by name.

    ```pycon
    >>> from mazemesh.games import list_games
    >>> [game.name for game in list_games()]
    ['collect', 'coop-keys', 'ctf', 'pursuit', 'race', 'solo']

    ```
    """
    return tuple(_GAMES[name] for name in sorted(_GAMES))


def is_own(name: str) -> bool:
    """Whether a game of mazemesh itself has the name."""
    return name in _GAMES


def get_game(name: str) -> MazeGame:
    """Return the game of mazemesh that has the name.

    Foreign games are not looked for: `mazemesh.games.open_game` opens any for whoever may run code
    in this process, `mazemesh.games.Catalogue` those that were allowed.

    Raises:
        InvalidArgument: No such game; the message names those that exist.
    """
    if name in _GAMES:
        return _GAMES[name]
    raise InvalidArgument(
        f"game: {shown(name)} is unknown; the games of mazemesh are {', '.join(sorted(_GAMES))}"
    )
