"""The games that exist, by name."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.games.game import Game
from mazemesh.games.rules.collect import COLLECT
from mazemesh.games.rules.coop_keys import COOP_KEYS
from mazemesh.games.rules.ctf import CTF
from mazemesh.games.rules.pursuit import PURSUIT
from mazemesh.games.rules.race import RACE
from mazemesh.games.rules.solo import SOLO

_GAMES: dict[str, Game] = {
    game.name: game for game in (RACE, SOLO, PURSUIT, COLLECT, COOP_KEYS, CTF)
}


def list_games() -> tuple[Game, ...]:
    """Return all games, by name."""
    return tuple(_GAMES[name] for name in sorted(_GAMES))


def get_game(name: str) -> Game:
    """Return the game of that name; that of a foreign one says where it comes from.

    Raises:
        InvalidArgument: No such game; the message names those that exist.
    """
    if name in _GAMES:
        return _GAMES[name]
    from mazemesh.games import foreign

    if foreign.is_foreign(name):
        return foreign.load(name)
    known = ", ".join(sorted((*_GAMES, *foreign.plugins())))
    raise InvalidArgument(
        f"game: {name!r} is unknown; the games are {known}, gymnasium:ID and pettingzoo:MODULE"
    )
