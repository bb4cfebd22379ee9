"""The games that exist, by name."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.games.game import Game
from mazemesh.games.rules.race import RACE
from mazemesh.games.rules.solo import SOLO

_GAMES: dict[str, Game] = {game.name: game for game in (RACE, SOLO)}


def list_games() -> tuple[Game, ...]:
    """Return all games, by name."""
    return tuple(_GAMES[name] for name in sorted(_GAMES))


def get_game(name: str) -> Game:
    """Return the game of that name.

    Raises:
        InvalidArgument: No such game; the message names those that exist.
    """
    try:
        return _GAMES[name]
    except KeyError:
        known = ", ".join(sorted(_GAMES))
        raise InvalidArgument(f"game: {name!r} is unknown; the games are {known}") from None
