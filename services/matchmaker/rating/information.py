"""How much a match is expected to tell about ratings, in bits.

The difference d of two ratings is taken for normal with the variance that their intervals say. A
game tells the Fisher information I = (ln 10 / 400)^2 p (1 - p) of d, so n games cut its entropy by
1/2 log2(1 + n I Var(d)) (Lindley 1956, On a measure of the information provided by an experiment;
MacKay 1992, Information-based objective functions for active data selection, for the normal case).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from services.matchmaker.rating.players import Player

_SCALE = math.log(10.0) / 400.0


def expected_score(rating: float, opponent: float) -> float:
    """Expected score on the Elo scale."""
    return 1.0 / (1.0 + math.exp((opponent - rating) * _SCALE))


def duel_bits(player: Player, opponent: Player, games: int) -> float:
    """Of so many games of two players."""
    score = expected_score(player.rating, opponent.rating)
    variance = player.expected_deviation**2 + opponent.expected_deviation**2
    return 0.5 * math.log2(1.0 + games * _SCALE**2 * score * (1.0 - score) * variance)


def match_bits(focus: Player, others: Iterable[Player], games: int) -> float:
    """Of a match, about its focus: the sum over its opponents.

    That is above what it tells of several, as they share what is not known of the focus.
    """
    return sum(duel_bits(focus, other, games) for other in others)
