"""Which row of a collector each seat that trains feeds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_NONE = -1


class SeatRows:
    """Rows for the seats of B games that a policy holds, who begin and end with an episode.

    A row whose seat goes to an opponent has come to an episode's end. Whichever seat comes next
    goes on with it, the row that has waited longest first: an unroll goes from the last step of an
    episode straight to the first of another, so it is filled soon, by policies that are not much
    older than the newest, however seldom one seat is the student's.

    Args:
        games: B.
        seats: Of each game.

    Attributes:
        row: intp [B, seats]; -1 where the policy does not hold the seat.
    """

    def __init__(self, games: int, seats: int) -> None:
        self.row: npt.NDArray[np.intp] = np.full((games, seats), _NONE, np.intp)
        self._waiting: deque[int] = deque()
        self._fresh = 0

    def assign(self, games: Iterable[int], held: npt.NDArray[np.bool_]) -> bool:
        """Takes over who holds the seats of some games, bool [B, seats]; whether that is new."""
        chosen = list(games)
        begins, ends = [], []
        for game in chosen:
            row, own = self.row[game], held[game]
            if ((row >= 0) != own).any():
                begins += [(game, seat) for seat in np.flatnonzero(own & (row < 0)).tolist()]
                ends += [(game, seat) for seat in np.flatnonzero(~own & (row >= 0)).tolist()]
        for place in ends:
            self._waiting.append(int(self.row[place]))
            self.row[place] = _NONE
        for place in begins:
            self.row[place] = self._next()
        return bool(begins or ends)

    def _next(self) -> int:
        if self._waiting:
            return self._waiting.popleft()
        self._fresh += 1
        return self._fresh - 1
