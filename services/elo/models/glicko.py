"""Glicko-2: a rating, how sure it is, and how steady the player is.

Glickman (2022), Example of the Glicko-2 system; steps are numbered as there. A match is a rating
period of its own for who plays it; time in which somebody does not play widens nothing, as a policy
does not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SCALE = 173.7178
"""Elo points of one unit of the internal scale (step 2)."""

MIDDLE = 1500.0

TAU = 0.5
"""How much volatility changes; 0.3 to 1.2 are reasonable."""

_PRECISION = 1e-6


class Glicko(NamedTuple):
    """A player.

    Attributes:
        rating: On the scale of Elo, 1500 at the start.
        deviation: Standard deviation of the rating; 350 at the start.
        volatility: Expected change of the internal rating in a period.
    """

    rating: float = MIDDLE
    deviation: float = 350.0
    volatility: float = 0.06


def updated(
    player: Glicko, opponents: Sequence[Glicko], scores: Sequence[float], tau: float = TAU
) -> Glicko:
    """The player after games against opponents, each with a score in 0..1; at least one."""
    mu, phi = (player.rating - MIDDLE) / SCALE, player.deviation / SCALE
    precision = improvement = 0.0
    for opponent, score in zip(opponents, scores, strict=True):
        weight = _weight(opponent.deviation / SCALE)
        expected = 1.0 / (1.0 + math.exp(-weight * (mu - (opponent.rating - MIDDLE) / SCALE)))
        precision += weight**2 * expected * (1.0 - expected)
        improvement += weight * (score - expected)
    variance = 1.0 / max(precision, 1e-12)
    volatility = _volatility(phi, player.volatility, variance, variance * improvement, tau)
    before = phi**2 + volatility**2
    new_phi = 1.0 / math.sqrt(1.0 / before + 1.0 / variance)
    new_mu = mu + new_phi**2 * improvement
    return Glicko(SCALE * new_mu + MIDDLE, SCALE * new_phi, volatility)


def expected_score(player: Glicko, opponent: Glicko) -> float:
    """Mean score in 0..1 that a game is expected to have, given how unsure both ratings are."""
    both = math.hypot(player.deviation, opponent.deviation) / SCALE
    difference = (player.rating - opponent.rating) / SCALE
    return 1.0 / (1.0 + math.exp(-_weight(both) * difference))


def _weight(phi: float) -> float:
    """G of step 3: a result against somebody unknown tells less."""
    return 1.0 / math.sqrt(1.0 + 3.0 * phi**2 / math.pi**2)


def _volatility(phi: float, volatility: float, variance: float, change: float, tau: float) -> float:
    """Step 5, by the Illinois algorithm."""
    middle = math.log(volatility**2)

    def slope(x: float) -> float:
        power = math.exp(x)
        total = phi**2 + variance + power
        return power * (change**2 - total) / (2.0 * total**2) - (x - middle) / tau**2

    low, high = middle, math.log(max(change**2 - phi**2 - variance, 1e-300))
    if change**2 <= phi**2 + variance:
        steps = 1
        while slope(middle - steps * tau) < 0.0:
            steps += 1
        high = middle - steps * tau
    at_low, at_high = slope(low), slope(high)
    while abs(high - low) > _PRECISION:
        new = low + (low - high) * at_low / (at_high - at_low)
        at_new = slope(new)
        if at_new * at_high <= 0.0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = new, at_new
    return math.exp(low / 2.0)
