"""How sure ratings are: of each, and of which of two is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats, Indices

_PAIRS_AT_ONCE = 8192

Skew = tuple[Floats, Floats]
"""By player, how much further the bounds of intervals lie below and above than a normal
distribution has them."""


class Spread(Protocol):
    """The distribution of ratings around their estimates, in points."""

    @property
    def variances(self) -> Floats:
        """By player."""
        ...

    def better(
        self, ratings: Floats, players: Indices, quantile: float, skew: Skew | None = None
    ) -> Indices:
        """For each of `players`, how many of them are better for sure.

        One is when it leads by more than `quantile` standard deviations of the difference, taken
        from its own lower and the other's upper side where `skew` tells of sides (Zou and Donner
        2008, Construction of confidence limits about effect measures, section 2).
        """
        ...

    def covariances(self, ones: Indices, others: Indices) -> Floats:
        """Covariances of pairs of players [pairs]."""
        ...

    def deviations(self, ones: Indices, others: Indices) -> Floats:
        """Standard deviations of the differences between pairs of players [pairs]."""
        ...

    def compact(self) -> Spread:
        """The same in 32 bits, to be kept."""
        ...


@dataclass(frozen=True)
class Covariance:
    """A normal distribution with its whole covariance [players, players]."""

    matrix: npt.NDArray[np.floating]

    @property
    def variances(self) -> Floats:
        """See `Spread.variances`."""
        return np.maximum(np.diag(self.matrix), 0.0).astype(np.float64)

    def better(
        self, ratings: Floats, players: Indices, quantile: float, skew: Skew | None = None
    ) -> Indices:
        """See `Spread.better`."""
        covariance = self.matrix[np.ix_(players, players)]
        variances = np.diag(covariance)
        if skew is None:
            of_difference = variances[:, None] + variances[None, :] - 2.0 * covariance
        else:
            below, above = (side[players] for side in skew)
            of_difference = (variances * below**2)[:, None] + (variances * above**2)[None, :]
            of_difference -= 2.0 * covariance * below[:, None] * above[None, :]
        lead = ratings[players][:, None] - ratings[players][None, :]
        better = lead > quantile * np.sqrt(np.maximum(of_difference, 0.0))
        counts: Indices = better.sum(axis=0)
        return counts

    def covariances(self, ones: Indices, others: Indices) -> Floats:
        """See `Spread.covariances`."""
        return self.matrix[ones, others].astype(np.float64)

    def deviations(self, ones: Indices, others: Indices) -> Floats:
        """See `Spread.deviations`."""
        matrix = self.matrix
        variances = np.diag(matrix).astype(np.float64)
        of_difference = variances[ones] + variances[others] - 2.0 * matrix[ones, others]
        return np.sqrt(np.maximum(of_difference, 0.0))

    def compact(self) -> Covariance:
        """See `Spread.compact`."""
        return Covariance(self.matrix.astype(np.float32))


@dataclass(frozen=True)
class Samples:
    """A distribution known by draws from it.

    Attributes:
        variances: By player; better than those of the draws, see `sparse`.
        draws: Ratings less their estimates [players, draws].
    """

    variances: Floats
    draws: npt.NDArray[np.floating]

    def better(
        self, ratings: Floats, players: Indices, quantile: float, skew: Skew | None = None
    ) -> Indices:
        """See `Spread.better`."""
        from services.elo.models.fitting import sparse_kernels

        best_first = players[np.argsort(-ratings[players], kind="stable")]
        counts = np.empty(len(players), np.int64)
        deviations = np.sqrt(self.variances[best_first])
        of_best = self.draws[best_first]
        one = np.ascontiguousarray(of_best.T, np.float32)
        lower, upper, draws_below, draws_above = deviations, deviations, one, one
        if skew is not None:
            below, above = (side[best_first] for side in skew)
            draws_below, draws_above = (
                np.ascontiguousarray((of_best * side[:, None]).T, np.float32)
                for side in (below, above)
            )
            lower, upper = deviations * below, deviations * above
        sparse_kernels.count_better(
            ratings[best_first], lower, upper, draws_below, draws_above, quantile, counts
        )
        of_player = np.zeros(len(ratings), np.intp)
        of_player[best_first] = counts
        return of_player[players]

    def covariances(self, ones: Indices, others: Indices) -> Floats:
        """See `Spread.covariances`; those of the draws."""
        found = np.empty(len(ones))
        for start in range(0, len(ones), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            product = self.draws[ones[some]].astype(np.float64) * self.draws[others[some]]
            found[some] = np.mean(product, axis=1)
        return found

    def deviations(self, ones: Indices, others: Indices) -> Floats:
        """See `Spread.deviations`; those of the draws, as `better` takes them."""
        found = np.empty(len(ones))
        for start in range(0, len(ones), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            apart = self.draws[ones[some]].astype(np.float64) - self.draws[others[some]]
            found[some] = np.sqrt(np.mean(apart * apart, axis=1))
        return found

    def compact(self) -> Samples:
        """See `Spread.compact`."""
        return Samples(self.variances, self.draws.astype(np.float32))
