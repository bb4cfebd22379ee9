"""`cholesky` for large matrices: the same operations in an order that caches like.

Without fastmath the compiler neither reorders sums nor fuses a product with a difference; loops
over a row have no sum in them and are vectorized all the same. All of it is in this file because
numba's cache notices changes of this file alone.
"""

from __future__ import annotations

import numba
import numpy as np

from services.elo.models.arrays import Floats

Four = tuple[float, float, float, float]

_MATRIX = numba.float64[:, ::1]
_ROWS = 32  # of a block that stays in the second cache, a multiple of 4
_COLUMNS = 64


@numba.njit(inline="always")
def _subtract_four(row: Floats, a: Floats, b: Floats, c: Floats, d: Floats, by: Four) -> None:
    """Takes multiples of four rows from a row, one after the other."""
    fa, fb, fc, fd = by
    for j in range(len(row)):
        value = row[j]
        value -= fa * a[j]
        value -= fb * b[j]
        value -= fc * c[j]
        value -= fd * d[j]
        row[j] = value


@numba.njit(inline="always")
def _subtract(row: Floats, other: Floats, by: float) -> None:
    for j in range(len(row)):
        row[j] -= by * other[j]


@numba.njit(inline="always")
def _divide(row: Floats, by: float) -> None:
    for j in range(len(row)):
        row[j] /= by


@numba.njit(numba.boolean(_MATRIX), cache=True, nogil=True, error_model="numpy")
def factor(matrix: Floats) -> bool:
    """See `services.elo.models.fitting.cholesky.plain_factor`."""
    count = len(matrix)
    for start in range(0, count, _ROWS):
        end = min(start + _ROWS, count)
        for k in range(start, end):
            row = matrix[k, k:]
            for p in range(start, k):
                _subtract(row, matrix[p, k:], matrix[p, k])
            if not row[0] > 0.0:
                return False
            _divide(row, np.sqrt(row[0]))
        for i in range(end, count):
            row = matrix[i, i:]
            for p in range(start, end, 4):
                a, b, c, d = matrix[p, i:], matrix[p + 1, i:], matrix[p + 2, i:], matrix[p + 3, i:]
                _subtract_four(row, a, b, c, d, (a[0], b[0], c[0], d[0]))
    return True


@numba.njit(numba.void(_MATRIX, numba.float64[::1]), cache=True, nogil=True, error_model="numpy")
def solve(upper: Floats, x: Floats) -> None:
    """See `fitting.cholesky.solve`; puts the solution in place of the right side."""
    count = len(x)
    for k in range(count):
        x[k] /= upper[k, k]
        _subtract(x[k + 1 :], upper[k, k + 1 :], x[k])
    for k in range(count - 1, -1, -1):
        # Columns of `upper` lie apart: by rows, each element still takes its subtractions from the
        # last to the next.
        value = x[k]
        for j in range(count - 1, k, -1):
            value -= upper[k, j] * x[j]
        x[k] = value / upper[k, k]


@numba.njit(numba.void(_MATRIX, _MATRIX), cache=True, nogil=True, error_model="numpy")
def invert(upper: Floats, result: Floats) -> None:
    """See `services.elo.models.fitting.cholesky.plain_invert`."""
    count = len(upper)
    for left in range(0, count, _COLUMNS):
        end = min(left + _COLUMNS, count)
        for i in range(left, count):  # above row `left` these columns are zero
            row = result[i, left:end]
            k = left
            while k + 4 <= i:
                by = (upper[k, i], upper[k + 1, i], upper[k + 2, i], upper[k + 3, i])
                a, b = result[k, left:end], result[k + 1, left:end]
                c, d = result[k + 2, left:end], result[k + 3, left:end]
                _subtract_four(row, a, b, c, d, by)
                k += 4
            while k < i:
                _subtract(row, result[k, left:end], upper[k, i])
                k += 1
            _divide(row, upper[i, i])
        for i in range(count - 1, -1, -1):
            row = result[i, left:end]
            k = count - 1
            while k - 4 >= i:
                by = (upper[i, k], upper[i, k - 1], upper[i, k - 2], upper[i, k - 3])
                a, b = result[k, left:end], result[k - 1, left:end]
                c, d = result[k - 2, left:end], result[k - 3, left:end]
                _subtract_four(row, a, b, c, d, by)
                k -= 4
            while k > i:
                _subtract(row, result[k, left:end], upper[i, k])
                k -= 1
            _divide(row, upper[i, i])
