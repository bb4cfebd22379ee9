"""Folding duels into `skills` by compiled code: bit for bit what `Skills.fold` does.

Without fastmath the compiler neither reorders sums nor fuses a product with a sum. All of it is in
this file because numba's cache notices changes of this file alone; the constants come from where
they are explained.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from mazemesh.machine_code import compiled
from services.elo.log.batch import Integers
from services.elo.models import glicko, online, plackett_luce, reproducible
from services.elo.models.arrays import Floats

_FIRST_K, _LAST_K = online.FIRST_K, online.LAST_K
_SETTLED_AFTER, _PER_POINT = online.SETTLED_AFTER, online.PER_POINT
_SCALE, _MIDDLE, _TAU = glicko.SCALE, glicko.MIDDLE, glicko.TAU
_PRECISION, _STEPS, _PER_PI = glicko.PRECISION, glicko.STEPS, glicko.PER_PI
_LEAST_PRECISION = glicko.LEAST_PRECISION
_BETA, _KAPPA = plackett_luce.BETA, plackett_luce.KAPPA
_PER_LN2, _LN2_HIGH, _LN2_LOW = (
    reproducible.PER_LN2,
    reproducible.LN2_HIGH,
    reproducible.LN2_LOW,
)
_P1, _P2, _P3, _P4, _P5 = reproducible.EXP
_L1, _L2, _L3, _L4, _L5, _L6, _L7 = reproducible.LOG
_SQRT_HALF = reproducible.SQRT_HALF
_POWERS = 2.0 ** np.arange(-1022, 1024)
_LEAST, _MOST = reproducible.LEAST, reproducible.MOST

_F1 = numba.float64[::1]
_F2 = numba.float64[:, ::1]
_I1 = numba.int64[::1]


@numba.njit(error_model="numpy")
def _exp_of(value: float) -> float:
    """See `reproducible.exp_of`."""
    x = min(max(value, _LEAST), _MOST)
    power = np.rint(x * _PER_LN2)
    high, low = x - power * _LN2_HIGH, power * _LN2_LOW
    rest = high - low
    square = rest * rest
    series = _P1 + square * (_P2 + square * (_P3 + square * (_P4 + square * _P5)))
    c = rest - square * series
    mantissa = 1.0 - ((low - (rest * c) / (2.0 - c)) - high)
    if power < -1022.0:  # subnormal
        return math.ldexp(mantissa, int(power))
    return mantissa * _POWERS[int(power) + 1022]  # type: ignore[no-any-return]


@numba.njit(error_model="numpy")
def _log_of(value: float) -> float:
    """See `reproducible.log_of`."""
    mantissa, power = math.frexp(value)
    if mantissa < _SQRT_HALF:
        mantissa, power = 2.0 * mantissa, power - 1
    f = mantissa - 1.0
    s = f / (2.0 + f)
    square = s * s
    inner = _L3 + square * (_L4 + square * (_L5 + square * (_L6 + square * _L7)))
    series = square * (_L1 + square * (_L2 + square * inner))
    half, exponent = 0.5 * f * f, float(power)
    return exponent * _LN2_HIGH - ((half - (s * (half + series) + exponent * _LN2_LOW)) - f)


@numba.njit(inline="always", error_model="numpy")
def _k_factor(matches: int) -> float:
    """See `online.k_factor`."""
    return max(_LAST_K, _FIRST_K - (_FIRST_K - _LAST_K) * matches / _SETTLED_AFTER)


@numba.njit(inline="always", error_model="numpy")
def _spread(mine: float, other: float, matches: int, games: float, expected: float) -> float:
    """See `online.spread`, of one of two."""
    luck = expected * (1.0 - expected)
    gain = _k_factor(matches) * games / games
    slope = gain * (luck * _PER_POINT)
    return (1.0 - slope) * (1.0 - slope) * mine + slope * slope * other + gain * gain * luck


@numba.njit(inline="always", error_model="numpy")
def _slope(x: float, change: float, squares: float, middle: float) -> float:
    power = _exp_of(x)
    total = squares + power
    return power * (change * change - total) / (2.0 * total * total) - (x - middle) / (_TAU * _TAU)


@numba.njit(error_model="numpy")
def _volatility(phi: float, volatility: float, variance: float, change: float) -> float:
    """See `glicko._volatility`."""
    middle = _log_of(volatility * volatility)
    squares = phi * phi + variance
    if change * change > squares:
        high = _log_of(change * change - squares)
    else:
        steps = 1
        while _slope(middle - steps * _TAU, change, squares, middle) < 0.0 and steps < _STEPS:
            steps += 1
        high = middle - steps * _TAU
    low = middle
    at_low = _slope(low, change, squares, middle)
    at_high = _slope(high, change, squares, middle)
    for _ in range(_STEPS):
        if abs(high - low) <= _PRECISION:
            break
        new = low + (low - high) * at_low / (at_high - at_low)
        at_new = _slope(new, change, squares, middle)
        if at_new * at_high <= 0.0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = new, at_new
    return _exp_of(low / 2.0)


@numba.njit(error_model="numpy")
def _glicko(
    rating: float,
    deviation: float,
    volatility: float,
    opponent: float,
    opponent_deviation: float,
    score: float,
    games: float,
) -> tuple[float, float, float]:
    """See `glicko.updated`, after games against one opponent."""
    mu, phi = (rating - _MIDDLE) / _SCALE, deviation / _SCALE
    other = opponent_deviation / _SCALE
    weight = 1.0 / math.sqrt(1.0 + _PER_PI * other * other)
    expected = 1.0 / (1.0 + _exp_of(-weight * (mu - (opponent - _MIDDLE) / _SCALE)))
    precision = games * (weight * weight * expected * (1.0 - expected))
    improvement = weight * (score - games * expected)
    variance = 1.0 / max(precision, _LEAST_PRECISION)
    steady = _volatility(phi, volatility, variance, variance * improvement)
    before = phi * phi + steady * steady
    new_phi = 1.0 / math.sqrt(1.0 / before + 1.0 / variance)
    new_mu = mu + new_phi * new_phi * improvement
    return _SCALE * new_mu + _MIDDLE, _SCALE * new_phi, steady


@numba.njit(inline="always", error_model="numpy")
def _member(
    mean: float, deviation: float, variance: float, c: float, omega: float, delta: float
) -> tuple[float, float]:
    gamma = math.sqrt(variance) / c
    moved = omega * (variance / c)
    shrunk = delta * (gamma * variance / (c * c))
    return mean + moved, deviation * math.sqrt(max(1.0 - shrunk, _KAPPA))


@numba.njit(error_model="numpy")
def _plackett_luce(
    mean: float,
    deviation: float,
    other_mean: float,
    other_deviation: float,
    score: float,
    against: float,
) -> tuple[float, float, float, float]:
    """See `plackett_luce.updated`, of two players."""
    variance, other = deviation * deviation, other_deviation * other_deviation
    c = math.sqrt(variance + other + 2 * (_BETA * _BETA))
    top = max(mean, other_mean)
    one, two = _exp_of((mean - top) / c), _exp_of((other_mean - top) / c)
    both = one + two
    share, other_share = one / both, two / both
    if score == against:
        # Each was ahead of the other once, and each such order has half the weight.
        omega = (1.0 - share) / 2 + -share / 2
        delta = share * (1.0 - share) / 2 + share * (1.0 - share) / 2
        other_omega = -other_share / 2 + (1.0 - other_share) / 2
        other_delta = other_share * (1.0 - other_share) / 2 + other_share * (1.0 - other_share) / 2
    elif score > against:
        omega, delta = 1.0 - share, share * (1.0 - share)
        other_omega, other_delta = -other_share, other_share * (1.0 - other_share)
    else:
        omega, delta = -share, share * (1.0 - share)
        other_omega, other_delta = 1.0 - other_share, other_share * (1.0 - other_share)
    first = _member(mean, deviation, variance, c, omega, delta)
    second = _member(other_mean, other_deviation, other, c, other_omega, other_delta)
    return first[0], first[1], second[0], second[1]


@compiled(
    numba.void(_I1, _I1, _I1, _I1, _F2, _F1, _I1, _F2),
    nogil=True,
    error_model="numpy",
)
def fold(
    ones: Integers,
    others: Integers,
    games: Integers,
    starts: Integers,
    scores: Floats,
    expectations: Floats,
    matches: Integers,
    values: Floats,
) -> None:
    """Folds duels in; see `skills.Skills.fold_duels`.

    Args:
        ones: Index of the first player [duels].
        others: Index of the second.
        games: Games of each duel.
        starts: Row of `scores` at which they begin.
        scores: Of both [games of all, 2].
        expectations: What Elo expected of a game of the first [duels].
        matches: Of both players before each duel [2 duels].
        values: Of `skills.Skills`; changed.
    """
    for duel in range(len(ones)):
        one, other, count = values[ones[duel]], values[others[duel]], float(games[duel])
        expected = expectations[duel]
        variance = _spread(one[0], other[0], matches[2 * duel], count, expected)
        other_variance = _spread(other[0], one[0], matches[2 * duel + 1], count, expected)
        one[0], other[0] = variance, other_variance
        total = 0.0
        for game in range(starts[duel], starts[duel] + games[duel]):
            total += scores[game, 0]
        mine = _glicko(one[1], one[2], one[3], other[1], other[2], total, count)
        theirs = _glicko(other[1], other[2], other[3], one[1], one[2], count - total, count)
        one[1], one[2], one[3] = mine
        other[1], other[2], other[3] = theirs
        for game in range(starts[duel], starts[duel] + games[duel]):
            one[4], one[5], other[4], other[5] = _plackett_luce(
                one[4], one[5], other[4], other[5], scores[game, 0], scores[game, 1]
            )
