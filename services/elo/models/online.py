"""Online Elo: ratings that move with each match.

Elo (1978), The Rating of Chessplayers, with the K-factor falling from 40 to 16 as a player's
matches add up, in the manner of FIDE's rules. A match of more than two is taken as all its pairs of
opponents: a rating moves by K times the mean surprise of its player's comparisons, so by at most K
whatever the match's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.elo.models.comparison import Comparison
from services.elo.models.reproducible import exp_of

PER_POINT = math.log(10.0) / 400.0

START = 1000.0
"""Rating of a player without a match."""

FIRST_K = 40.0
LAST_K = 16.0
SETTLED_AFTER = 30
"""Matches after which a player has `LAST_K`; the K-factor falls linearly until then."""


def expected_score(rating: float, opponent: float) -> float:
    """Expected score in 0..1 of a player against an opponent, both on the Elo scale."""
    return 1.0 / (1.0 + exp_of((opponent - rating) * PER_POINT))


def k_factor(matches: int) -> float:
    """K-factor of a player who has played so many matches before this one."""
    return max(LAST_K, FIRST_K - (FIRST_K - LAST_K) * matches / SETTLED_AFTER)


def updated(
    ratings: Sequence[float], matches: Sequence[int], compared: Sequence[Comparison]
) -> tuple[float, ...]:
    """Ratings of a match's participants after it; the first two arguments by participant.

    Args:
        ratings: Before the match.
        matches: Matches that each played before this one.
        compared: What the match tells; its result for a pair is the mean over their games.
    """
    gains, games = [0.0] * len(ratings), [0] * len(ratings)
    for first, second, _, sums in compared:
        expected = expected_score(ratings[first], ratings[second])
        surprise = sums.games * (sums.score / sums.games - expected)
        gains[first] += surprise
        gains[second] -= surprise
        games[first] += sums.games
        games[second] += sums.games
    return tuple(
        rating + k_factor(played) * gain / max(count, 1)
        for rating, played, gain, count in zip(ratings, matches, gains, games, strict=True)
    )
