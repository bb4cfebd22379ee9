"""The Hessian of a large ladder as a sparse matrix: steps of the fit, and draws for its intervals.

Between players A is a weighted graph's Laplacian (results and bonds to parents), plus the pull of
those without a parent to their mean; log nu is a border of one row. Conjugate gradients solve
equations with it in time that goes with the pairs, where a factorization goes with the third power
of the players. They give the same ratings to the last digits that matter.

Intervals need the inverse's diagonal, for which there is no such way: it is estimated from draws.
Perturb and solve (Papandreou and Yuille 2011, Efficient Variational Inference in Large-Scale
Bayesian Compressed Sensing): noise of covariance A, solved, has covariance A^-1. Of each player
only that part of the variance is left to the draws that comes from the others': Var x_i = 1 / A_ii
+ Var E[x_i | others] (Siden, Lindgren, Bolin, Villani 2018, Efficient Covariance Approximations for
Large Sparse Precision Matrices, section 3.1).
"""

from __future__ import annotations

import numpy as np

from services.elo.models import cholesky, sparse_kernels
from services.elo.models.davidson import Derivatives
from services.elo.models.pairs import Floats, Indices
from services.elo.models.posterior import (
    LOG_NU_DEVIATION,
    PARENT_DEVIATION,
    ROOT_DEVIATION,
    Local,
    Posterior,
)
from services.elo.models.spread import Samples

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
        self._first = np.concatenate([posterior.first, children])
        self._second = np.concatenate([posterior.second, parents])
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
        self._of_edge = np.concatenate([games.curvature, self._prior])
        self._weights = np.concatenate([self._of_edge, self._of_edge])[self._order]
        players = self._posterior.players
        by_first = np.bincount(self._first, self._of_edge, players)
        by_second = np.bincount(self._second, self._of_edge, players)
        self._diagonal = (by_first + by_second).astype(np.float64)
        self._diagonal[self._roots] += ROOT_DEVIATION**-2
        self._coarse = self._coarse_inverse()
        self._border = self._posterior.scatter(games.mixed)
        self._corner = games.nu_curvature + LOG_NU_DEVIATION**-2
        return self

    def step(self, gradient: Floats) -> Floats:
        """Newton's step [players + 1]; it leaves the anchors' mean where it is.

        Raises:
            ArithmeticError: the equations were not solved.
        """
        solved = self._solve(np.stack([gradient[:-1], self._border], axis=1), _OF_STEPS)
        along, across = solved[:, 0], solved[:, 1]
        rest = self._corner - float(np.sum(self._border * across))
        of_nu = (float(gradient[-1]) - float(np.sum(self._border * along))) / rest
        return np.append(self._posterior.anchored(along - of_nu * across), of_nu)

    def spread(self, scale: float) -> Samples:
        """The distribution of the strengths less the anchors' mean, times `scale`."""
        players = self._posterior.players
        border = self._posterior.anchored(self._solve(self._border[:, None], _OF_BORDER)[:, 0])
        # That log nu is not known for sure adds one direction to the covariance.
        rest = self._corner - float(np.sum(self._border * border))
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
        variances = own + sums / DRAWS + border * border / rest
        signs = np.where(np.arange(DRAWS) % 2 == 0, 1.0, -1.0)
        draws += (border / np.sqrt(rest))[:, None] * signs
        return Samples(scale**2 * variances, scale * draws)

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
