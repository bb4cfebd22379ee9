"""Any game by its name, for the user of this process.

The name of a foreign game names code: to open it runs that code, in a process of its own with the
rights of this one. So the name has to come from the person who runs this process (an argument, a
file of theirs), never from a message; no service imports this module (tests/unit/test_imports.py).
What came over a network is looked up in a `Catalogue`.
"""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import is_external, shown
from mazemesh.games.game import Game
from mazemesh.games.registry import get_game, is_own, list_games


def open_game(name: str) -> Game:
    """Return the game of that name; that of a foreign one says where it comes from.

    A foreign one is asked in a process of its own, once, which takes about a second.

    ```pycon
    >>> from mazemesh.games import GameSettings, open_game
    >>> spec = open_game("race").spec(GameSettings(width=5, height=5))
    >>> spec.seats, spec.num_actions
    (2, 5)

    ```

    Raises:
        InvalidArgument: There is no such game, or none that is supported; says why.
    """
    if is_own(name):
        return get_game(name)
    from mazemesh.games.foreign.environments.names import is_foreign, plugins

    if is_foreign(name):
        from mazemesh.games.foreign.game import load

        return load(name)
    if is_external(name):
        raise InvalidArgument(
            f"game: {shown(name)} is played by a simulator, and only its spaces are known: to a "
            "learner by --spaces FILE (docs/external.md). It cannot be played here"
        )
    known = ", ".join((*(game.name for game in list_games()), *sorted(plugins())))
    raise InvalidArgument(
        f"game: {shown(name)} is unknown; the games are {known}, gymnasium:ID and pettingzoo:MODULE"
    )
