"""A ladder together with its standings, the newest and those whose pages may still be turned."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import replace

from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import EMPTY, Standings

_RECENT = 8

_KEPT = 256
_KEPT_CELLS = 500_000
"""Of standings from which pages were cut: so many, or fewer of as many players in sum, some 40 MB.
A fit comes at most twice a second."""


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
        self._recent: deque[Standings] = deque([EMPTY], maxlen=_RECENT)
        self._kept: OrderedDict[int, Standings] = OrderedDict()

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

    def keep(self, standings: Standings) -> None:
        """Keeps standings for as long as there is room: somebody may turn a page of them."""
        if standings.high_water in self._kept:
            self._kept.move_to_end(standings.high_water)
            return
        # How sure they are is most of what they hold, and the newest have it.
        self._kept[standings.high_water] = replace(standings, spread=None)
        most = max(4, _KEPT_CELLS // max(1, len(standings.names)))
        while len(self._kept) > min(_KEPT, most):
            self._kept.popitem(last=False)

    def standings_of(self, high_water: int) -> Standings | None:
        """The standings as of a place in the log, while they are kept."""
        recent = (one for one in self._recent if one.high_water == high_water)
        return next(recent, None) or self._kept.get(high_water)
