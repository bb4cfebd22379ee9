"""Glicko-2: a rating, how sure it is, and how steady the player is.

Glickman (2022), Example of the Glicko-2 system; steps are numbered as there. A match is a rating
period of its own for who plays it; time in which somebody does not play widens nothing, as a policy
does not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from services.elo.models.reproducible import exp_of, log_of

SCALE = 173.7178
"""Elo points of one unit of the internal scale (step 2)."""

MIDDLE = 1500.0

TAU = 0.5
"""How much volatility changes; 0.3 to 1.2 are reasonable."""

PRECISION = 1e-6
STEPS = 100
LEAST_PRECISION = 1e-12
PER_PI = 3.0 / math.pi**2


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
    player: Glicko,
    opponents: Sequence[Glicko],
    scores: Sequence[float],
    tau: float = TAU,
    games: Sequence[float] | None = None,
) -> Glicko:
    """The player after a rating period; the same bits on every machine.

    Args:
        player: Before it.
        opponents: At least one.
        scores: Against each: the sum over its games, each in 0..1.
        tau: See `TAU`.
        games: Against each, parts of one where several share its evidence; None: one each.
    """
    mu, phi = (player.rating - MIDDLE) / SCALE, player.deviation / SCALE
    precision = improvement = 0.0
    counts = (1.0,) * len(opponents) if games is None else games
    for opponent, score, count in zip(opponents, scores, counts, strict=True):
        weight = _weight(opponent.deviation / SCALE)
        expected = 1.0 / (1.0 + exp_of(-weight * (mu - (opponent.rating - MIDDLE) / SCALE)))
        precision += count * (weight * weight * expected * (1.0 - expected))
        improvement += weight * (score - count * expected)
    variance = 1.0 / max(precision, LEAST_PRECISION)
    volatility = _volatility(phi, player.volatility, variance, variance * improvement, tau)
    before = phi * phi + volatility * volatility
    new_phi = 1.0 / math.sqrt(1.0 / before + 1.0 / variance)
    new_mu = mu + new_phi * new_phi * improvement
    return Glicko(SCALE * new_mu + MIDDLE, SCALE * new_phi, volatility)


def expected_score(player: Glicko, opponent: Glicko) -> float:
    """Mean score in 0..1 that a game is expected to have, given how unsure both ratings are."""
    both = math.hypot(player.deviation, opponent.deviation) / SCALE
    difference = (player.rating - opponent.rating) / SCALE
    return 1.0 / (1.0 + math.exp(-_weight(both) * difference))


def _weight(phi: float) -> float:
    """G of step 3: a result against somebody unknown tells less."""
    return 1.0 / math.sqrt(1.0 + PER_PI * phi * phi)


def _volatility(phi: float, volatility: float, variance: float, change: float, tau: float) -> float:
    """Step 5, by the Illinois algorithm."""
    middle = log_of(volatility * volatility)
    squares = phi * phi + variance

    def slope(x: float) -> float:
        power = exp_of(x)
        total = squares + power
        return power * (change * change - total) / (2.0 * total * total) - (x - middle) / (
            tau * tau
        )

    if change * change > squares:
        high = log_of(change * change - squares)
    else:
        steps = 1
        while slope(middle - steps * tau) < 0.0 and steps < STEPS:
            steps += 1
        high = middle - steps * tau
    low = middle
    at_low, at_high = slope(low), slope(high)
    for _ in range(STEPS):
        if abs(high - low) <= PRECISION:
            break
        new = low + (low - high) * at_low / (at_high - at_low)
        at_new = slope(new)
        if at_new * at_high <= 0.0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = new, at_new
    return exp_of(low / 2.0)
