"""`davidson` over many cells by compiled code: one exponential and one logarithm a cell.

Without fastmath the compiler neither reorders sums nor fuses a product with a sum, so a ladder has
the same bits on every machine. All of it is in this file because numba's cache notices changes of
this file alone.
"""

from __future__ import annotations

import numba
import numpy as np

from mazemesh.machine_code import compiled
from services.elo.log.batch import Integers
from services.elo.models import reproducible
from services.elo.models.arrays import Floats, Indices

_PER_LN2, _LN2_HIGH, _LN2_LOW = (
    reproducible.PER_LN2,
    reproducible.LN2_HIGH,
    reproducible.LN2_LOW,
)
_P1, _P2, _P3, _P4, _P5 = reproducible.EXP
_L1, _L2, _L3, _L4, _L5, _L6, _L7 = reproducible.LOG
_SQRT_HALF = reproducible.SQRT_HALF
_MOST = 300.0  # of half a difference; beyond, the weaker has no chance that a double can tell

_F1 = numba.float64[::1]
_I1 = numba.int64[::1]
_FRACTION = (1 << 52) - 1
_HALF = 1022 << 52  # the bits of 1/2
_BLOCK = 512


@numba.njit(inline="always", error_model="numpy")
def _exp(x: Floats, powers: Integers, scales: Floats, out: Floats) -> None:
    """`reproducible.exp` of numbers in -300..300; `scales` is a view of `powers`."""
    for i in range(len(x)):
        power = np.rint(x[i] * _PER_LN2)
        high, low = x[i] - power * _LN2_HIGH, power * _LN2_LOW
        rest = high - low
        square = rest * rest
        series = _P1 + square * (_P2 + square * (_P3 + square * (_P4 + square * _P5)))
        c = rest - square * series
        out[i] = 1.0 - ((low - (rest * c) / (2.0 - c)) - high)
        powers[i] = (np.int64(power) + 1023) << 52  # the bits of that power of two
    for i in range(len(x)):
        out[i] *= scales[i]


@numba.njit(inline="always", error_model="numpy")
def _log(bits: Integers, mantissas: Floats, out: Floats) -> None:
    """`reproducible.log` of the positive numbers whose bits are given; `mantissas` views them."""
    for i in range(len(bits)):
        out[i] = np.float64((bits[i] >> 52) - 1022)
        bits[i] = (bits[i] & _FRACTION) | _HALF
    for i in range(len(bits)):
        small = mantissas[i] < _SQRT_HALF
        f = (2.0 * mantissas[i] if small else mantissas[i]) - 1.0
        exponent = out[i] - 1.0 if small else out[i]
        s = f / (2.0 + f)
        square = s * s
        inner = _L3 + square * (_L4 + square * (_L5 + square * (_L6 + square * _L7)))
        series = square * (_L1 + square * (_L2 + square * inner))
        half = 0.5 * f * f
        rest = half - (s * (half + series) + exponent * _LN2_LOW)
        out[i] = exponent * _LN2_HIGH - (rest - f)


@numba.njit(inline="always", error_model="numpy")
def _exp_of(x: float) -> float:
    """`_exp` of one number."""
    powers = np.empty(1, np.int64)
    values, out = np.empty(1), np.empty(1)
    values[0] = min(max(x, -_MOST), _MOST)
    _exp(values, powers, powers.view(np.float64), out)
    return out[0]  # type: ignore[no-any-return]


@compiled(
    numba.float64(_F1, numba.float64, _F1, _F1, _F1, _F1, _F1, _F1, _F1),
    nogil=True,
    error_model="numpy",
)
def derivatives(
    difference: Floats,
    log_nu: float,
    wins: Floats,
    draws: Floats,
    losses: Floats,
    slope: Floats,
    curvature: Floats,
    mixed: Floats,
    of_nu: Floats,
) -> float:
    """See `davidson.derivatives`; the value. The last four are taken for what it found.

    Args:
        difference: Of strengths [cells], as are the next but one three.
        log_nu: Log of the draw parameter.
        wins: Weighted.
        draws: Weighted.
        losses: Weighted.
        slope: Taken for the first derivative in the difference [cells].
        curvature: Taken for minus the second one [cells].
        mixed: Taken for minus that in difference and log nu [cells].
        of_nu: Taken for the first and minus the second derivative in log nu [2].
    """
    nu = _exp_of(log_nu)
    value = first = second = 0.0
    powers = np.empty(_BLOCK, np.int64)
    scales = powers.view(np.float64)
    halves, odds, logs = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    values, firsts, seconds = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, len(difference), _BLOCK):
        size = min(_BLOCK, len(difference) - start)
        for i in range(size):
            halves[i] = min(max(difference[start + i] / 2.0, -_MOST), _MOST)
        _exp(halves[:size], powers[:size], scales[:size], odds[:size])
        for i in range(size):
            at = start + i
            won, drawn, lost = wins[at], draws[at], losses[at]
            games = won + drawn + lost
            against = 1.0 / odds[i]
            total = odds[i] + nu + against
            win, draw, loss = odds[i] / total, nu / total, against / total
            balance = win - loss
            slope[at] = ((won - lost) - games * balance) / 2.0
            curvature[at] = games * ((1.0 - draw - balance * balance) / 4.0)
            mixed[at] = -games * balance * draw / 2.0
            firsts[i] = drawn - games * draw
            seconds[i] = games * draw * (1.0 - draw)
            scales[i] = total
        _log(powers[:size], scales[:size], logs[:size])
        for i in range(size):
            at = start + i
            half, games = difference[at] / 2.0, wins[at] + draws[at] + losses[at]
            # Of very different players the odds' sum is what the stronger one has.
            log_odds = logs[i] if abs(half) < _MOST else abs(half)
            values[i] = (wins[at] - losses[at]) * half + draws[at] * log_nu - games * log_odds
        for i in range(size):
            value += values[i]
            first += firsts[i]
            second += seconds[i]
    of_nu[0], of_nu[1] = first, second
    return value


@compiled(
    numba.void(_F1, numba.float64, _F1, _F1, _F1),
    nogil=True,
    error_model="numpy",
)
def outcomes(difference: Floats, log_nu: float, win: Floats, draw: Floats, loss: Floats) -> None:
    """See `davidson.outcomes`; the last three are taken for the chances [cells]."""
    nu = _exp_of(log_nu)
    powers = np.empty(_BLOCK, np.int64)
    halves, odds = np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, len(difference), _BLOCK):
        size = min(_BLOCK, len(difference) - start)
        for i in range(size):
            halves[i] = min(max(difference[start + i] / 2.0, -_MOST), _MOST)
        _exp(halves[:size], powers[:size], powers[:size].view(np.float64), odds[:size])
        for i in range(size):
            against = 1.0 / odds[i]
            total = odds[i] + nu + against
            win[start + i], draw[start + i] = odds[i] / total, nu / total
            loss[start + i] = against / total


@compiled(numba.void(_F1, numba.float64, _F1), nogil=True, error_model="numpy")
def log_odds(difference: Floats, log_nu: float, out: Floats) -> None:
    """See `davidson.log_odds`; the last is taken for it."""
    nu = _exp_of(log_nu)
    powers = np.empty(_BLOCK, np.int64)
    scales = powers.view(np.float64)
    halves, odds = np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, len(difference), _BLOCK):
        size = min(_BLOCK, len(difference) - start)
        for i in range(size):
            halves[i] = min(max(difference[start + i] / 2.0, -_MOST), _MOST)
        _exp(halves[:size], powers[:size], scales[:size], odds[:size])
        for i in range(size):
            scales[i] = odds[i] + nu + 1.0 / odds[i]
        _log(powers[:size], scales[:size], out[start : start + size])
        for i in range(size):
            half = abs(difference[start + i] / 2.0)
            if half >= _MOST:
                out[start + i] = half


@compiled(numba.void(_I1, _I1, _F1, _F1, _F1), nogil=True, error_model="numpy")
def scatter(first: Indices, second: Indices, values: Floats, gains: Floats, losses: Floats) -> None:
    """Adds each cell's value to the gains of its first player and the losses of its second."""
    for cell in range(len(values)):
        gains[first[cell]] += values[cell]
        losses[second[cell]] += values[cell]
