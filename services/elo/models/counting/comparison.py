"""Who of a match did better than whom: a match of any size and of teams as comparisons of two.

Of two participants a comparison has the game's score. Of more, only the order of the two counts: 1
ahead, 1/2 level, 0 behind. Those who are in one team in a game are not compared by it: they have
one score because they played together, which says nothing of either against the other
(docs/adr/0093).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.elo.log.match import Game
from services.elo.models.counting.sums import Sums


class Comparison(NamedTuple):
    """All games of a match in which two participants were opponents, under one share.

    Attributes:
        first: Place of the one whose scores they are among the participants.
        second: Place of the other, higher than `first`.
        share: How many comparisons a game's evidence is divided among; see `_shares`.
        sums: Of the first one's scores.
    """

    first: int
    second: int
    share: int
    sums: Sums


def comparisons(games: Sequence[Game]) -> list[Comparison]:
    """All comparisons that the games of a match make, by place."""
    if len(games[0].scores) == 2:
        seats = [game.seat for game in games]
        return [Comparison(0, 1, 1, Sums.of([game.scores[0] for game in games], seats))]
    scores = np.array([game.scores for game in games])
    shares = _shares(games)
    above = scores[:, :, None] > scores[:, None, :]
    level = scores[:, :, None] == scores[:, None, :]
    found: list[Comparison] = []
    for share in np.unique(shares[shares > 0]).tolist():
        opposed = shares == share
        counts, wins, draws = (
            part.sum(axis=0) for part in (opposed, above & opposed, level & opposed)
        )
        firsts, seconds = np.nonzero(np.triu(counts, 1))
        pairs = firsts, seconds
        columns = (firsts, seconds, counts[pairs], wins[pairs], draws[pairs])
        found += [
            Comparison(first, second, share, Sums.of_order(count, won, drawn))
            for first, second, count, won, drawn in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]
    return found


def _shares(games: Sequence[Game]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """How many comparisons share the evidence of each [games, participants, participants].

    0 where two are of one team. T teams make T (T - 1) / 2 comparisons that count for T / 2, as
    each team's T - 1 count as one; that of two teams of a and b members is made by their a b pairs.
    So each pair counts for one in (T - 1) a b, and a game among teams of any size for as much as
    one among so many single players.
    """
    count = len(games[0].scores)
    alone = tuple(range(count))
    teams = np.array([game.teams or alone for game in games])
    together = teams[:, :, None] == teams[:, None, :]
    sizes = together.sum(axis=2)
    number = np.array([len(set(row)) for row in teams.tolist()])
    shares = (number[:, None, None] - 1) * sizes[:, :, None] * sizes[:, None, :]
    return np.where(together, 0, shares)
