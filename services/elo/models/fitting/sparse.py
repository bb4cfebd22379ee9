"""The Hessian of a large ladder as a sparse matrix: steps of the fit, and draws for its intervals.

Between players A is a weighted graph's Laplacian (results and bonds to parents), plus the pull of
those without a parent to their mean; log nu and the seat effect are a border of two rows. Conjugate
gradients solve equations with it in time that goes with the pairs, where a factorization goes with
the third power of the players. They give the same ratings to the last digits that matter.

Intervals need the inverse's diagonal, for which there is no such way: it is estimated from draws.
Perturb and solve (Papandreou and Yuille 2011, Efficient Variational Inference in Large-Scale
Bayesian Compressed Sensing): noise of covariance A, solved, has covariance A^-1. Of each player
only that part of the variance is left to the draws that comes from the others': Var x_i = 1 / A_ii
+ Var E[x_i | others] (Siden, Lindgren, Bolin, Villani 2018, Efficient Covariance Approximations for
Large Sparse Precision Matrices, section 3.1).
"""

from __future__ import annotations

import math

import numpy as np

from services.elo.models.arrays import Floats, Indices
from services.elo.models.fitting import cholesky, sparse_kernels
from services.elo.models.fitting.davidson import Derivatives
from services.elo.models.fitting.posterior import (
    OTHERS,
    PARENT_DEVIATION,
    ROOT_DEVIATION,
    Local,
    Posterior,
)
from services.elo.models.fitting.spread import Samples

DRAWS = 128
"""A deviation estimated from draws alone is off by 1 / sqrt(2 DRAWS) = 6 %; the estimate used by a
fraction of that."""

_WIDTH = 32  # draws that are solved together: rows of four cache lines
_OF_STEPS = 1e-4  # of a step of Newton's, which goes on from there
_OF_BORDER = 1e-6
_OF_DRAWS = 1e-3
_GROUP = 64
_MOST_STEPS = 20_000


class Sparse:
    """Minus the second derivatives of a posterior, at one point after another.

    Args:
        posterior: Whose it is.
    """

    def __init__(self, posterior: Posterior) -> None:
        self._posterior = posterior
        children, parents = posterior.bonds
        table = posterior.table
        self._first = np.concatenate([table.first, children])
        self._second = np.concatenate([table.second, parents])
        self._roots = posterior.roots
        self._root = np.array([ROOT_DEVIATION**-2 / len(self._roots)])
        players = posterior.players
        rows = np.concatenate([self._first, self._second])
        self._order = np.argsort(rows, kind="stable")
        self._columns = np.concatenate([self._second, self._first])[self._order]
        self._starts = np.zeros(players + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=players), out=self._starts[1:])
        self._group = groups(posterior)
        self._prior = np.full(len(children), PARENT_DEVIATION**-2)

    def at(self, local: Local) -> Sparse:
        """Moves to a point."""
        games: Derivatives = local.games
        table = self._posterior.table
        curvature = self._posterior.cells.by_row(games.curvature, len(table.first))
        self._of_edge = np.concatenate([curvature, self._prior])
        self._weights = np.concatenate([self._of_edge, self._of_edge])[self._order]
        players = self._posterior.players
        by_first = np.bincount(self._first, self._of_edge, players)
        by_second = np.bincount(self._second, self._of_edge, players)
        self._diagonal = (by_first + by_second).astype(np.float64)
        self._diagonal[self._roots] += ROOT_DEVIATION**-2
        self._coarse = self._coarse_inverse()
        self._border, self._corner = self._posterior.border(local)
        return self

    def step(self, gradient: Floats) -> Floats:
        """Newton's step [players + 2]; it leaves the anchors' mean where it is.

        Raises:
            ArithmeticError: the equations were not solved.
        """
        right = np.column_stack([gradient[:-OTHERS], self._border])
        solved = self._solve(right, _OF_STEPS)
        along, across = solved[:, 0], solved[:, 1:]
        inverse = self._of_others(across)
        others = _times(inverse, gradient[-OTHERS:] - _sums(self._border, along[:, None])[:, 0])
        moved = along - others[0] * across[:, 0] - others[1] * across[:, 1]
        return np.concatenate([self._posterior.anchored(moved), others])

    def spread(self, scale: float) -> tuple[Samples, float]:
        """Of the strengths less the anchors' mean, and the seat's deviation, times `scale`."""
        players = self._posterior.players
        solved = self._solve(np.ascontiguousarray(self._border), _OF_BORDER)
        inverse = self._of_others(solved)
        one, two = (self._posterior.anchored(solved[:, column]) for column in range(OTHERS))
        # That log nu and the seat effect are not known for sure adds two directions to the
        # covariance: the columns of `solved` times the root of the others' covariance.
        low = math.sqrt(inverse[0, 0])
        slope = inverse[1, 0] / low
        rest = math.sqrt(max(inverse[1, 1] - slope * slope, 0.0))
        directions = (low * one + slope * two, rest * two)
        diagonal = self._diagonal.copy()
        diagonal[self._roots] -= self._root[0]
        draws = np.empty((players, DRAWS))
        sums = np.zeros(players)
        for block in range(DRAWS // _WIDTH):
            noise = np.empty((players, _WIDTH))
            sparse_kernels.noise(
                self._first, self._second, self._of_edge, ROOT_DEVIATION**-2, self._roots, block,
                noise,
            )  # fmt: skip
            x = self._solve(noise, _OF_DRAWS)
            image = np.empty_like(x)
            sparse_kernels.times(*self._matrix, x, image)
            expected = x - image / diagonal[:, None]
            share = self._posterior.anchor[:, None]
            level = np.sum(share * x, axis=0)
            draws[:, block * _WIDTH : (block + 1) * _WIDTH] = x - level
            # An anchor has a part in the level that it is seen from.
            seen = (1.0 - share) * expected - (level - share * x)
            sums += np.sum(seen * seen, axis=1)
        own = (1.0 - self._posterior.anchor) ** 2 / diagonal
        variances = own + sums / DRAWS
        for power, direction in enumerate(directions):
            variances += direction * direction
            signs = np.where(np.arange(DRAWS) // 2**power % 2 == 0, 1.0, -1.0)
            draws += direction[:, None] * signs
        return Samples(scale**2 * variances, scale * draws), scale * math.sqrt(inverse[1, 1])

    def _of_others(self, solved: Floats) -> Floats:
        """Covariance of the others [2, 2], the strengths integrated out."""
        rest = self._corner - _sums(self._border, solved)
        determinant = rest[0, 0] * rest[1, 1] - rest[0, 1] * rest[1, 0]
        turned = np.array([[rest[1, 1], -rest[0, 1]], [-rest[1, 0], rest[0, 0]]])
        inverse: Floats = turned / determinant
        return inverse

    @property
    def _matrix(self) -> tuple[Indices, Indices, Floats, Floats, Floats, Indices]:
        return (
            *(self._starts, self._columns, self._weights),
            *(self._diagonal, self._root, self._roots),
        )

    def _solve(self, right: Floats, tolerance: float) -> Floats:
        x = np.empty_like(right)
        most = _MOST_STEPS
        steps = sparse_kernels.solve(
            *(*self._matrix, self._group, self._coarse, right, x, tolerance, most)
        )
        if steps < 0:
            raise ArithmeticError(
                f"the equations of {len(right)} players were not solved within {most} steps"
            )
        return x

    def _coarse_inverse(self) -> Floats:
        """Of the equations of groups that move as one [groups, groups].

        Differences between players far apart along a chain of versions would else take a step of
        the method a link.
        """
        group, count = self._group, int(self._group.max()) + 1
        if count == 1:
            return np.zeros((1, 1))  # of all together nothing is known but the level
        one, other = group[self._first], group[self._second]
        across = np.bincount(one * count + other, self._of_edge, count**2).reshape(count, count)
        matrix: Floats = -(across + across.T).astype(np.float64)
        matrix[np.diag_indices(count)] -= matrix.sum(axis=1)
        of_roots = np.bincount(group[self._roots], minlength=count).astype(np.float64)
        matrix[np.diag_indices(count)] += of_roots * ROOT_DEVIATION**-2
        matrix -= self._root[0] * np.outer(of_roots, of_roots)
        matrix += np.mean(np.diag(matrix)) / count**2  # the level, which they leave open
        return cholesky.inverse(cholesky.factor(matrix))


def _sums(one: Floats, other: Floats) -> Floats:
    """`one.T @ other`, whose sums a BLAS would take in an order of its own."""
    return np.array(
        [
            [float(np.sum(one[:, i] * other[:, j])) for j in range(other.shape[1])]
            for i in range(one.shape[1])
        ]
    )


def _times(matrix: Floats, vector: Floats) -> Floats:
    """`matrix @ vector`, likewise."""
    return np.array([float(np.sum(row * vector)) for row in matrix])


def groups(posterior: Posterior) -> Indices:
    """By player, a number for those next to each other along their chains of versions."""
    children, parents = posterior.bonds
    child_of = np.full(posterior.players, -1)
    child_of[parents] = children
    places, place = np.empty(posterior.players, np.int64), 0
    links = child_of.tolist()
    for player in posterior.roots.tolist():
        while player >= 0:
            places[player] = place
            place += 1
            player = links[player]
    return places // _GROUP
