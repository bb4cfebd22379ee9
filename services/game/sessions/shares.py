"""How many games each caller may have in sessions at one time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mazemesh.errors import ResourceExhausted
from services.game.sessions.session import Session


class Shares:
    """Counts the games of callers that have a key; without keys there is nobody to count.

    Args:
        limit: Games of one caller.
        sessions: All that there are now.
    """

    def __init__(self, limit: int, sessions: Iterable[Session[Any]]) -> None:
        self._limit = limit
        self._sessions = sessions
        self._coming: Counter[str] = Counter()

    @contextmanager
    def reserved(self, owner: str, games: int) -> Iterator[None]:
        """Holds so many games while their session is made, and until it is among the others.

        Raises:
            ResourceExhausted: the caller has too many.
        """
        if not owner:
            yield
            return
        live = self._coming[owner] + sum(
            session.batch.engine.num_games for session in self._sessions if session.owner == owner
        )
        if live + games > self._limit:
            raise ResourceExhausted(
                f"{live} games are live with this key, and {games} more would pass its limit of "
                f"{self._limit}; close a session first"
            )
        self._coming[owner] += games
        try:
            yield
        finally:
            self._coming[owner] -= games
            if not self._coming[owner]:
                del self._coming[owner]
