"""How many players of a ladder did against each other, as matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats
from services.elo.models.fitting import davidson
from services.elo.models.fitting.posterior import SCALE
from services.elo.standings.standings import Standings

ROWS_AT_ONCE = 50_000
"""Of a pair table: about a millisecond."""

_SUMS = 5


class Meetings(NamedTuple):
    """Of the row's player against the column's [players, players]; see `pairs.Meeting`."""

    matches: Floats
    games: Floats
    wins: Floats
    draws: Floats
    scores: Floats


class Tally:
    """Adds up rows of a pair table for some of its players.

    Args:
        players: Their indices, all different.
        known: Players that the ladder has.
    """

    def __init__(self, players: Sequence[int], known: int) -> None:
        self._count = len(players)
        self._places: npt.NDArray[np.intp] = np.full(known, -1, np.intp)
        self._places[list(players)] = np.arange(self._count)
        self._sums = np.zeros((_SUMS, self._count * self._count))

    def add(self, cells: Floats) -> None:
        """Takes in rows [rows, 11] of `Pairs.cells`, those of players that came later left out."""
        firsts, seconds = cells[:, 0].astype(np.intp), cells[:, 1].astype(np.intp)
        new = np.maximum(firsts, seconds) >= len(self._places)
        firsts[new] = seconds[new] = 0
        ones, others = self._places[firsts], self._places[seconds]
        rows = np.flatnonzero((ones >= 0) & (others >= 0) & ~new)
        chosen = cells[rows]
        games, matches, wins, draws = chosen[:, 2], chosen[:, 4], chosen[:, 5], chosen[:, 6]
        total, scores = games * matches, chosen[:, 7] + chosen[:, 8] / 2.0
        straight = (matches, total, wins, draws, scores)
        turned = (matches, total, total - wins - draws, draws, total - scores)
        for one, other, sums in (
            (ones[rows], others[rows], straight),
            (others[rows], ones[rows], turned),
        ):
            cell = one * self._count + other
            for row, values in zip(self._sums, sums, strict=True):
                row += np.bincount(cell, values, len(row))

    def meetings(self) -> Meetings:
        """What was added."""
        return Meetings(*self._sums.reshape(_SUMS, self._count, self._count))


def expected_scores(standings: Standings, players: Sequence[int], games: Floats) -> Floats:
    """What fitted ratings expect of so many games [players, players]."""
    ratings = standings.ratings[list(players)]
    differences = (ratings[:, None] - ratings[None, :]) / SCALE
    return games * davidson.outcomes(differences, standings.log_nu).score


def superiorities(standings: Standings, players: Sequence[int]) -> Floats | None:
    """Likelihood of superiority of the row's player [players, players]; None if it is not known.

    1/2 for a player and itself, and where nothing connects the two.
    """
    count = len(players)
    ones = np.repeat(np.array(players, np.intp), count)
    others = np.tile(np.array(players, np.intp), count)
    found = standings.superiority(ones, others)
    return None if found is None else np.nan_to_num(found, nan=0.5).reshape(count, count)
