"""Ratings from Elo, a moment old at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from mazemesh.errors import MazemeshError
from services.matchmaker.peers import EloPeer
from services.matchmaker.rating.players import START_RATING, Rating

_log = structlog.get_logger(__name__)


class Ratings:
    """A cache of leaderboards. Matching goes on without Elo: with the last ratings that are known.

    Args:
        elo: Where ratings come from.
        max_age: Seconds that an answer is used.
        clock: Seconds.
    """

    def __init__(self, elo: EloPeer, max_age: float, clock: Callable[[], float]) -> None:
        self._elo = elo
        self._max_age = max_age
        self._clock = clock
        self._known: dict[str, tuple[float, Mapping[str, Rating]]] = {}

    async def of(self, ladder: str) -> Mapping[str, Rating]:
        """All players with a result; empty when there is none or nothing is known."""
        asked, known = self._known.get(ladder, (float("-inf"), {}))
        now = self._clock()
        if now - asked < self._max_age:
            return known
        # Set before asking: while Elo is slow or away, others go on with what is known.
        self._known[ladder] = now, known
        try:
            known = await self._elo.ratings(ladder)
        except MazemeshError as error:
            _log.warning("no ratings from Elo", ladder=ladder, reason=str(error))
        self._known[ladder] = self._clock(), known
        return known

    async def rating(self, ladder: str, player: str) -> float:
        """A player's rating; 1000 for one without a result, or while Elo is away."""
        try:
            found = await self._elo.rating(ladder, player)
        except MazemeshError as error:
            _log.warning("no rating from Elo", ladder=ladder, player=player, reason=str(error))
            return START_RATING
        return START_RATING if found is None else found.rating
