"""A ladder together with its standings, the newest and those whose pages may still be turned."""

from __future__ import annotations

import asyncio
from collections import deque

from services.elo.standings.ladder import Ladder
from services.elo.standings.standings import EMPTY, Standings

_KEPT = 8


class Board:
    """One ladder as it is served."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.fitting = asyncio.Lock()
        """Held while the ladder is being fitted."""
        self.stored = 0
        """Mark of the standings that the store has."""
        self.snapshot = ladder.high_water
        """Mark of the ladder in the newest snapshot."""
        self.generation = 0
        """How many times all had been rebuilt when this was made; pages of others are not its."""
        self._recent: deque[Standings] = deque([EMPTY], maxlen=_KEPT)

    @property
    def standings(self) -> Standings:
        """The newest."""
        return self._recent[-1]

    @property
    def dirty(self) -> bool:
        """Whether there are results that the newest standings have not seen."""
        return self.standings.high_water < self.ladder.high_water

    def publish(self, standings: Standings) -> None:
        """Makes standings the newest."""
        self._recent.append(standings)

    def standings_of(self, high_water: int) -> Standings | None:
        """The standings as of a place in the log, while they are kept."""
        return next((kept for kept in self._recent if kept.high_water == high_water), None)
