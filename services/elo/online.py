"""Online Elo: ratings that move with each match.

Elo (1978), The Rating of Chessplayers, with the K-factor falling from 40 to 16 as a player's
matches add up, in the manner of FIDE's rules. A match of more than two is taken as all its pairs,
each with weight 1 / (n - 1), so that a match moves a rating by at most K whatever its size.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.elo.match import Game, pair_score

START = 1000.0
"""Rating of a player without a match."""

FIRST_K = 40.0
LAST_K = 16.0
SETTLED_AFTER = 30
"""Matches after which a player has `LAST_K`; the K-factor falls linearly until then."""


def expected_score(rating: float, opponent: float) -> float:
    """Expected score in 0..1 of a player against an opponent, both on the Elo scale."""
    return float(1.0 / (1.0 + 10.0 ** ((opponent - rating) / 400.0)))


def k_factor(matches: int) -> float:
    """K-factor of a player who has played so many matches before this one."""
    return max(LAST_K, FIRST_K - (FIRST_K - LAST_K) * matches / SETTLED_AFTER)


def updated(
    ratings: Sequence[float], matches: Sequence[int], games: Sequence[Game]
) -> tuple[float, ...]:
    """Ratings of a match's participants after it; all arguments by participant but the games.

    Args:
        ratings: Before the match.
        matches: Matches that each played before this one.
        games: Games of the match; its result for a pair is the mean over them.
    """
    count = len(ratings)
    gains = [0.0] * count
    for first in range(count):
        for second in range(first + 1, count):
            scores = [pair_score(game.scores, first, second) for game in games]
            score = sum(scores) / len(scores)
            surprise = score - expected_score(ratings[first], ratings[second])
            gains[first] += surprise
            gains[second] -= surprise
    return tuple(
        rating + k_factor(played) * gain / (count - 1)
        for rating, played, gain in zip(ratings, matches, gains, strict=True)
    )
