"""The log-likelihood ratio of two normalized Elo differences, given the scores of matches.

Van den Bergh (2020), Normalized Elo, and Comments on Normalized Elo: the score of a match has some
distribution on a few values, of which nothing is assumed but t = (mean - 1/2) / standard deviation.
Under each hypothesis t has a given value, and the distribution is the likeliest one with that t
(the generalized sequential probability ratio test, GSPRT). What a match is made of, and how its
games resemble each other, is in the distribution: with two games of one maze there are five scores,
hence "pentanomial".
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from mazemesh.machine_code import compiled

Floats = npt.NDArray[np.float64]

EMPTY = 1e-3
"""Matches that are assumed where none had a score: no outcome is impossible."""

_F1 = numba.float64[::1]
_STRIDE = 0.1
_PASSES = 200
_STEPS = 100
_CLOSE = 1e-12


@numba.njit(error_model="numpy")
def _moments(scores: Floats, shares: Floats) -> tuple[float, float]:
    mean = 0.0
    for i in range(len(scores)):
        mean += shares[i] * scores[i]
    variance = 0.0
    for i in range(len(scores)):
        variance += shares[i] * (scores[i] - mean) ** 2
    return mean, variance


@numba.njit(error_model="numpy")
def _tilted(shares: Floats, slopes: Floats) -> Floats:
    """The likeliest distribution with sum p b = 0, given the observed shares.

    p = share / (1 + x b) with the x at which the sum is 0 (Lagrange). Between -1 / max b and
    -1 / min b the sum falls from infinity to minus infinity: Newton's method finds x, and where it
    would leave what is known to hold x, halving.
    """
    low, high = -1.0 / slopes.max(), -1.0 / slopes.min()
    at, width = 0.0, high - low
    for _ in range(_STEPS):
        total, steepness = 0.0, 0.0
        for i in range(len(shares)):
            part = slopes[i] / (1.0 + at * slopes[i])
            total += shares[i] * part
            steepness += shares[i] * part * part
        if total > 0.0:
            low = at
        else:
            high = at
        to = at + total / steepness
        if not low < to < high:
            to = (low + high) / 2.0
        moved, at = abs(to - at), to
        if moved <= width * _CLOSE:
            break
    return shares / (1.0 + at * slopes)


@numba.njit(error_model="numpy")
def _likeliest(scores: Floats, shares: Floats, t: float) -> Floats:
    """The likeliest distribution with (mean - 1/2) / deviation = t.

    That is no linear condition: the deviation is taken as it is near the distribution of the pass
    before, s (1 + ((a - mean) / s)^2) / 2, until it does not move any more. That is near enough for
    small steps alone, so t goes up to its value from 0, where no deviation is in the condition.
    """
    found = np.full(len(scores), 1.0 / len(scores))
    slopes = np.empty(len(scores))
    at = 0.0
    for _ in range(_PASSES):
        at = min(max(t, at - _STRIDE), at + _STRIDE)
        mean, variance = _moments(scores, found)
        deviation = math.sqrt(variance)
        for i in range(len(scores)):
            apart = (scores[i] - mean) / deviation
            slopes[i] = scores[i] - 0.5 - at * deviation * (1.0 + apart * apart) / 2.0
        if slopes.max() <= 0.0 or slopes.min() >= 0.0:
            # No distribution on these scores is that lopsided; the nearest has none of the rest.
            return found
        new = _tilted(shares, slopes)
        moved = np.abs(new - found).max()
        found = new
        if at == t and moved < _CLOSE:
            break
    return found


@compiled(numba.float64(_F1, _F1, numba.float64, numba.float64), error_model="numpy", nogil=True)
def log_likelihood_ratio(scores: Floats, counts: Floats, t0: float, t1: float) -> float:
    """Log of the likelihood of t1 over that of t0.

    Args:
        scores: The possible scores of a match, ascending, in 0..1 [m].
        counts: How many matches had each [m].
        t0: Of a match, under the first hypothesis.
        t1: Under the other.
    """
    total = 0.0
    for i in range(len(counts)):
        total += max(counts[i], EMPTY)
    shares = np.empty(len(counts))
    for i in range(len(counts)):
        shares[i] = max(counts[i], EMPTY) / total
    first, other = _likeliest(scores, shares, t0), _likeliest(scores, shares, t1)
    ratio = 0.0
    for i in range(len(counts)):
        ratio += shares[i] * (math.log(other[i]) - math.log(first[i]))
    return ratio * total
