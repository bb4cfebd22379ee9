"""Equations with the Hessian of a large ladder, by compiled code and with the same bits everywhere.

Each sum takes its terms in one order, without fastmath. All of it is in this file because numba's
cache notices changes of this file alone.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from mazemesh.machine_code import compiled
from services.elo.models.arrays import Floats, Indices

_F1 = numba.float64[::1]
_F2 = numba.float64[:, ::1]
_I1 = numba.int64[::1]
_DRAWS = numba.float32[:, ::1]

_TILE = 1024


@numba.njit(inline="always", error_model="numpy")
def _times(
    starts: Indices,
    columns: Indices,
    weights: Floats,
    diagonal: Floats,
    root: Floats,
    roots: Indices,
    x: Floats,
    y: Floats,
) -> None:
    """Y = A x, with A = diag(diagonal) - weights - root[0] 1 1' among the roots."""
    players, width = x.shape
    mean = np.zeros(width)
    for i in range(len(roots)):
        row = x[roots[i]]
        for s in range(width):
            mean[s] += row[s]
    for s in range(width):
        mean[s] *= root[0]
    for i in range(players):
        mine, result, at = x[i], y[i], diagonal[i]
        for s in range(width):
            result[s] = at * mine[s]
        for k in range(starts[i], starts[i + 1]):
            other, weight = x[columns[k]], weights[k]
            for s in range(width):
                result[s] -= weight * other[s]
    for i in range(len(roots)):
        row = y[roots[i]]
        for s in range(width):
            row[s] -= mean[s]


@numba.njit(inline="always", error_model="numpy")
def _precondition(
    diagonal: Floats,
    group: Indices,
    coarse: Floats,
    residual: Floats,
    coarse_residual: Floats,
    coarse_x: Floats,
    out: Floats,
) -> None:
    """Out = residual / diagonal, plus what the coarse equations say of each group as a whole."""
    players, width = residual.shape
    coarse_residual[:] = 0.0
    for i in range(players):
        of_group, mine = coarse_residual[group[i]], residual[i]
        for s in range(width):
            of_group[s] += mine[s]
    coarse_x[:] = 0.0
    for i in range(len(coarse)):
        result = coarse_x[i]
        for k in range(len(coarse)):
            weight, other = coarse[i, k], coarse_residual[k]
            for s in range(width):
                result[s] += weight * other[s]
    for i in range(players):
        at, mine, of_group, result = diagonal[i], residual[i], coarse_x[group[i]], out[i]
        for s in range(width):
            result[s] = mine[s] / at + of_group[s]


@numba.njit(inline="always", error_model="numpy")
def _dot(a: Floats, b: Floats, sums: Floats) -> None:
    """Sums over rows of the products, by column."""
    sums[:] = 0.0
    for i in range(len(a)):
        one, other = a[i], b[i]
        for s in range(len(sums)):
            sums[s] += one[s] * other[s]


@compiled(numba.void(_I1, _I1, _F1, _F1, _F1, _I1, _F2, _F2), nogil=True, error_model="numpy")
def times(
    starts: Indices,
    columns: Indices,
    weights: Floats,
    diagonal: Floats,
    root: Floats,
    roots: Indices,
    x: Floats,
    y: Floats,
) -> None:
    """Y = A x [players, columns]; see `sparse.Sparse`."""
    _times(starts, columns, weights, diagonal, root, roots, x, y)


@compiled(
    numba.int64(
        *(_I1, _I1, _F1, _F1, _F1, _I1),  # the matrix
        *(_I1, _F2),  # groups
        *(_F2, _F2, numba.float64, numba.int64),
    ),
    nogil=True,
    error_model="numpy",
)
def solve(
    starts: Indices,
    columns: Indices,
    weights: Floats,
    diagonal: Floats,
    root: Floats,
    roots: Indices,
    group: Indices,
    coarse: Floats,
    right: Floats,
    x: Floats,
    tolerance: float,
    most: int,
) -> int:
    """Puts A^-1 right into x [players, columns]; steps that it took, or -1.

    Preconditioned conjugate gradients (Saad, Iterative Methods for Sparse Linear Systems, algorithm
    9.1), each column for itself, until its residual has shrunk to `tolerance` of what it was in the
    norm of the preconditioner. A column that is there already stays as it is.
    """
    players, width = right.shape
    residual, direction = right.copy(), np.empty_like(right)
    image, better = np.empty_like(right), np.empty_like(right)
    coarse_residual = np.empty((len(coarse), width))
    coarse_x = np.empty((len(coarse), width))
    x[:] = 0.0
    old, new, factor = np.zeros(width), np.zeros(width), np.zeros(width)
    _precondition(diagonal, group, coarse, residual, coarse_residual, coarse_x, better)
    direction[:] = better
    _dot(residual, better, old)
    # What is less is rounding, which may well have a part that no x has for an image.
    goal = np.maximum(old * tolerance * tolerance, 1e-24)
    for step in range(most):
        left = 0
        for s in range(width):
            left += old[s] > goal[s]
        if left == 0:
            return step
        _times(starts, columns, weights, diagonal, root, roots, direction, image)
        _dot(direction, image, new)
        for s in range(width):
            factor[s] = old[s] / new[s] if old[s] > goal[s] and new[s] > 0.0 else 0.0
        for i in range(players):
            for s in range(width):
                x[i, s] += factor[s] * direction[i, s]
                residual[i, s] -= factor[s] * image[i, s]
        _precondition(diagonal, group, coarse, residual, coarse_residual, coarse_x, better)
        _dot(residual, better, new)
        for s in range(width):
            factor[s] = 0.0
            if old[s] > goal[s]:
                factor[s] = new[s] / old[s]
                old[s] = new[s]
        for i in range(players):
            for s in range(width):
                direction[i, s] = better[i, s] + factor[s] * direction[i, s]
    return -1


@numba.njit(inline="always", error_model="numpy")
def _bits(number: np.uint64) -> np.uint64:
    """64 bits that depend on a number alone (Steele, Lea, Flood 2014, SplitMix64)."""
    z = number * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled(
    numba.void(_I1, _I1, _F1, numba.float64, _I1, numba.int64, _F2),
    nogil=True,
    error_model="numpy",
)
def noise(
    first: Indices,
    second: Indices,
    weights: Floats,
    root: float,
    roots: Indices,
    block: int,
    out: Floats,
) -> None:
    """Random columns [players, up to 64] whose covariance is A; of each block others.

    Each bond between two players pushes them apart or together by the root of its weight, as a
    coin says; likewise each root against the mean of all.
    """
    width = out.shape[1]
    out[:] = 0.0
    seed = np.uint64(block) << np.uint64(40)
    for edge in range(len(first)):
        coins = _bits(seed + np.uint64(edge + 1))
        push = np.sqrt(weights[edge])
        one, other = out[first[edge]], out[second[edge]]
        for s in range(width):
            value = push if (coins >> np.uint64(s)) & np.uint64(1) else -push
            one[s] += value
            other[s] -= value
    mean, push = np.zeros(width), np.sqrt(root)
    for i in range(len(roots)):
        coins = _bits(seed + np.uint64(len(first) + i + 1))
        row = out[roots[i]]
        for s in range(width):
            value = push if (coins >> np.uint64(s)) & np.uint64(1) else -push
            row[s] += value
            mean[s] += value
    for i in range(len(roots)):
        row = out[roots[i]]
        for s in range(width):
            row[s] -= mean[s] / len(roots)


@compiled(
    numba.void(_F1, _F1, _F1, _DRAWS, _DRAWS, numba.float64, _I1),
    nogil=True,
    error_model="numpy",
)
def count_better(
    ratings: Floats,
    below: Floats,
    above: Floats,
    draws: npt.NDArray[np.float32],
    draws_above: npt.NDArray[np.float32],
    quantile: float,
    better: npt.NDArray[np.int64],
) -> None:
    """Takes for each of players, best first, how many are better for sure.

    Args:
        ratings: Descending.
        below: Standard deviation of each, as its lower side has it.
        above: As its upper side has it.
        draws: From the distribution of the ratings around their means, likewise [draws, players].
        draws_above: Those of the upper side.
        quantile: A difference of so many of its standard deviations is sure.
        better: Taken for the counts.
    """
    count, players = draws.shape
    widest = 0.0
    for i in range(players):
        widest = max(widest, below[i])
    squares = np.empty(_TILE, np.float32)
    first = 0
    for i in range(players):
        reach = quantile * (widest + above[i])
        while ratings[first] - ratings[i] > reach:
            first += 1
        # Backwards for those with a wider reach than the one before.
        while first > 0 and ratings[first - 1] - ratings[i] <= reach:
            first -= 1
        sure = first
        for start in range(first, i, _TILE):
            tile = squares[: min(_TILE, i - start)]
            tile[:] = 0.0
            for s in range(count):
                mine, others = draws_above[s, i], draws[s, start : start + len(tile)]
                for j in range(
                    len(tile)
                ):  # each has a sum of its own, so several are taken at once
                    apart = others[j] - mine
                    tile[j] += apart * apart
            for j in range(len(tile)):
                lead = ratings[start + j] - ratings[i]
                sure += lead * lead * count > quantile * quantile * tile[j]
        better[i] = sure
