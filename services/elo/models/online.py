"""Online Elo: ratings that move with each match.

Elo (1978), The Rating of Chessplayers, with the K-factor falling from 40 to 16 as a player's
matches add up, in the manner of FIDE's rules. A match of more than two is taken as all its pairs of
opponents: a rating moves by K times the mean surprise of its player's comparisons, so by at most K
whatever the match's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.elo.models.counting.comparison import Comparison
from services.elo.models.reproducible import exp_of

PER_POINT = math.log(10.0) / 400.0

START = 1000.0
"""Rating of a player without a match."""

FIRST_K = 40.0
LAST_K = 16.0
START_DEVIATION = 350.0
"""How far off `START` may be, as a standard deviation: as Glicko has it."""

SETTLED_AFTER = 30
"""Matches after which a player has `LAST_K`; the K-factor falls linearly until then."""


def expected_score(rating: float, opponent: float) -> float:
    """Expected score in 0..1 of a player against an opponent, both on the Elo scale."""
    return 1.0 / (1.0 + exp_of((opponent - rating) * PER_POINT))


def k_factor(matches: int) -> float:
    """K-factor of a player who has played so many matches before this one."""
    return max(LAST_K, FIRST_K - (FIRST_K - LAST_K) * matches / SETTLED_AFTER)


def spread(
    variances: Sequence[float],
    ratings: Sequence[float],
    matches: Sequence[int],
    compared: Sequence[Comparison],
) -> tuple[float, ...]:
    """Variances of the ratings that `updated` gives, around what they should be.

    How the update passes errors on, to first order: an error of two ratings changes what is
    expected by its slope, and a match's score is off by its luck; that of the games of a match is
    taken as one. An estimator of fixed gain has this spread (Szczecinski and Tihon 2023, Simplified
    Kalman filter for on-line rating, section 3). Errors of two players are taken as independent.

    Args:
        variances: Before the match, by participant, as are ratings and matches; see `updated`.
        ratings: Before the match.
        matches: Before it.
        compared: What it told.
    """
    games = [0] * len(ratings)
    for first, second, _, sums in compared:
        games[first] += sums.games
        games[second] += sums.games
    own, others, luck = ([0.0] * len(ratings) for _ in range(3))
    for first, second, _, sums in compared:
        expected = expected_score(ratings[first], ratings[second])
        of_luck = expected * (1.0 - expected)
        for one, other in ((first, second), (second, first)):
            gain = k_factor(matches[one]) * sums.games / games[one]
            slope = gain * (of_luck * PER_POINT)
            own[one] += slope
            others[one] += slope * slope * variances[other]
            luck[one] += gain * gain * of_luck
    return tuple(
        (1.0 - slope) * (1.0 - slope) * variance + other + chance
        for slope, variance, other, chance in zip(own, variances, others, luck, strict=True)
    )


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
