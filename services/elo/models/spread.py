"""How sure ratings are: of each, and of which of two is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.elo.models.pairs import Floats, Indices


class Spread(Protocol):
    """The distribution of ratings around their estimates, in points."""

    @property
    def variances(self) -> Floats:
        """By player."""
        ...

    def better(self, ratings: Floats, players: Indices, quantile: float) -> Indices:
        """For each of `players`, how many of them are better for sure.

        One is when it leads by more than `quantile` standard deviations of the difference.
        """
        ...


@dataclass(frozen=True)
class Covariance:
    """A normal distribution with its whole covariance [players, players]."""

    matrix: Floats

    @property
    def variances(self) -> Floats:
        """See `Spread.variances`."""
        variances: Floats = np.maximum(np.diag(self.matrix), 0.0)
        return variances

    def better(self, ratings: Floats, players: Indices, quantile: float) -> Indices:
        """See `Spread.better`."""
        covariance = self.matrix[np.ix_(players, players)]
        variances = np.diag(covariance)
        of_difference = variances[:, None] + variances[None, :] - 2.0 * covariance
        lead = ratings[players][:, None] - ratings[players][None, :]
        better = lead > quantile * np.sqrt(np.maximum(of_difference, 0.0))
        counts: Indices = better.sum(axis=0)
        return counts


@dataclass(frozen=True)
class Samples:
    """A distribution known by draws from it.

    Attributes:
        variances: By player; better than those of the draws, see `sparse`.
        draws: Ratings less their estimates [players, draws].
    """

    variances: Floats
    draws: npt.NDArray[np.floating]

    def better(self, ratings: Floats, players: Indices, quantile: float) -> Indices:
        """See `Spread.better`."""
        from services.elo.models import sparse_kernels

        best_first = players[np.argsort(-ratings[players], kind="stable")]
        counts = np.empty(len(players), np.int64)
        sparse_kernels.count_better(
            ratings[best_first],
            np.sqrt(self.variances[best_first]),
            np.ascontiguousarray(self.draws[best_first].T, np.float32),
            quantile,
            counts,
        )
        of_player = np.zeros(len(ratings), np.intp)
        of_player[best_first] = counts
        return of_player[players]
