"""Games that may be played under names that came from elsewhere.

A message may carry any name, and the name of a foreign game names code. So only what was allowed
beforehand is opened, by whoever is responsible for the process.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import check_game_name, is_external, shown
from mazemesh.games.game import Game
from mazemesh.games.registry import get_game, is_own, list_games

INSTALLED = "installed"
"""Stands in an allow-list for the bare names of all games that installed packages offer."""

_MAX_LISTED = 20
_FAILED_SECONDS = 10.0


class Catalogue:
    """The games of mazemesh, and of foreign ones those that were allowed.

    A foreign game is allowed under its exact name: with the arguments, in the order, that were
    given. `installed` allows the bare names in the entry-point group `mazemesh.games`; with
    arguments such a name has to be listed like others. To make a catalogue starts nothing.

    Args:
        allowed: Names of foreign games, or `installed`. Those of mazemesh may stand there too.
        how: How more can be allowed, for messages.

    Raises:
        InvalidArgument: `allowed` has a name that no foreign game can have.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        how: str = "start the process with further names allowed",
    ) -> None:
        self._how = how
        self._allowed: frozenset[str] = frozenset()
        self._starting = threading.Lock()
        self._started: dict[str, Game] = {}
        self._failures: dict[str, tuple[float, str]] = {}
        names = {name for name in allowed if not is_own(name)}
        if names:
            from mazemesh.games.foreign.environments.names import parse, plugins

            installed = plugins() if INSTALLED in names else {}
            exact = names - {INSTALLED}
            for name in exact:
                parse(name)
            self._allowed = frozenset((*exact, *installed))

    @property
    def foreign(self) -> tuple[str, ...]:
        """Names of the foreign games that are allowed, sorted."""
        return tuple(sorted(self._allowed))

    def check(self, name: str) -> str:
        """The name, if a game is allowed under it; nothing is started to find out.

        Raises:
            InvalidArgument: None is; tells which are, and how others can be.
        """
        if is_own(name) or name in self._allowed:
            return name
        check_game_name(name)
        if is_external(name):
            raise InvalidArgument(
                f"game: {shown(name)} is played by a simulator, which asks the Model service for "
                "actions (docs/external.md); it cannot be played here"
            )
        own = ", ".join(game.name for game in list_games())
        foreign = self.foreign[:_MAX_LISTED]
        more = len(self._allowed) - len(foreign)
        listed = ", ".join(foreign) + (f" and {more} more" if more else "")
        raise InvalidArgument(
            f"game: {shown(name)} is not allowed here; allowed are {own}, and of foreign games "
            f"{listed or 'none'}. To allow a foreign game by its exact name, arguments included: "
            f"{self._how}"
        )

    def get(self, name: str) -> Game:
        """The game of that name.

        A foreign one is asked in a process of its own, which takes about a second; one process at
        a time, and once, or after a failure once in ten seconds, however many ask.

        Raises:
            InvalidArgument: it is not allowed, or is allowed and does not start; says why.
        """
        self.check(name)
        if is_own(name):
            return get_game(name)
        if name in self._started:
            return self._started[name]
        from mazemesh.games.foreign.game import load

        with self._starting:
            failed, reason = self._failures.get(name, (-math.inf, ""))
            if time.monotonic() - failed < _FAILED_SECONDS:
                raise InvalidArgument(reason)
            try:
                return self._started.setdefault(name, load(name))
            except InvalidArgument as error:
                self._failures[name] = time.monotonic(), str(error)
                raise
