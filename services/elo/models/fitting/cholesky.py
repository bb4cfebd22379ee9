"""Equations with a positive definite matrix, solved with the same bits on every machine.

A BLAS adds up in an order that depends on its threads and on the kind of processor, so that two
runs over the same log would differ in their last bits. Here each element takes its subtractions in
one order, one rounding a step: A = U' U (Cholesky), right-looking, by rows. What numba compiles for
large matrices (`cholesky_kernels`) does the same operations on each element as what
numpy does for small ones, so neither is a rounding away from the other.
"""

from __future__ import annotations

import numpy as np

from services.elo.models.arrays import Floats

SMALL = 96
"""Rows up to which numpy is fast enough. Most ladders are so small, and need no numba."""


def factor(matrix: Floats) -> Floats:
    """U, upper triangular, with U' U = matrix [n, n]; what is below the diagonal means nothing.

    Raises:
        ArithmeticError: the matrix is not positive definite.
    """
    upper = np.array(matrix, np.float64, order="C")
    if len(upper) <= SMALL:
        positive = plain_factor(upper)
    else:
        from services.elo.models.fitting import cholesky_kernels

        positive = cholesky_kernels.factor(upper)
    if not positive:
        raise ArithmeticError(f"a matrix of {len(upper)} rows is not positive definite")
    return upper


def solve(upper: Floats, right: Floats) -> Floats:
    """X [n] with U' U x = right."""
    x = np.array(right, np.float64)
    if len(x) > SMALL:
        from services.elo.models.fitting import cholesky_kernels

        cholesky_kernels.solve(upper, x)
        return x
    for k in range(len(x)):
        x[k] /= upper[k, k]
        x[k + 1 :] -= upper[k, k + 1 :] * x[k]
    for k in range(len(x) - 1, -1, -1):
        x[k] /= upper[k, k]
        x[:k] -= upper[:k, k] * x[k]
    return x


def inverse(upper: Floats) -> Floats:
    """The inverse of U' U [n, n]."""
    result = np.eye(len(upper))
    if len(upper) <= SMALL:
        plain_invert(upper, result)
    else:
        from services.elo.models.fitting import cholesky_kernels

        cholesky_kernels.invert(upper, result)
    return result


def plain_factor(matrix: Floats) -> bool:
    """Puts U in place of a matrix; False when it is not positive definite."""
    for k in range(len(matrix)):
        if not matrix[k, k] > 0.0:
            return False
        matrix[k, k:] /= np.sqrt(matrix[k, k])
        row = matrix[k, k + 1 :]
        matrix[k + 1 :, k + 1 :] -= row[:, None] * row
    return True


def plain_invert(upper: Floats, result: Floats) -> None:
    """Puts the inverse of U' U in place of the identity."""
    count = len(upper)
    for k in range(count):
        result[k] /= upper[k, k]
        result[k + 1 :] -= upper[k, k + 1 :, None] * result[k]
    for k in range(count - 1, -1, -1):
        result[k] /= upper[k, k]
        result[:k] -= upper[:k, k, None] * result[k]
