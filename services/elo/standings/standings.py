"""A fitted ladder as people read it: intervals, ranks, order, pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.elo.models.arrays import Floats, Indices
from services.elo.models.bradley_terry import QUANTILE as QUANTILE
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting import davidson
from services.elo.models.fitting.posterior import SCALE, Problem
from services.elo.models.fitting.spread import Spread
from services.elo.store import Fitted

UNRANKED = 0


def normal(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@dataclass(frozen=True)
class Standings:
    """Ratings of a ladder as of one place in its log. By player where not said otherwise.

    Attributes:
        high_water: Sequence of the last match that the fit has seen.
        matches: Number of matches that the fit has seen.
        names: Players; the index is that of the ladder, which only ever grows.
        ratings: Elo scale.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        ranks: 1 + number of ranked players that are better with probability 0.975, else `UNRANKED`.
        log_nu: Of the draw model.
        order: Indices of the players, best first; equal ratings by name.
        seat: Seat effect in points and its standard deviation.
        spread: How sure the ratings are together; None where that is not known any more.
        listings: Lists that were made of them; see `filters`.
    """

    high_water: int
    matches: int
    names: tuple[str, ...]
    ratings: Floats
    low: Floats
    high: Floats
    ranks: Indices
    log_nu: float
    order: tuple[int, ...]
    seat: tuple[float, float] = (0.0, 0.0)
    spread: Spread | None = None
    listings: dict[Any, Indices] = field(default_factory=dict, compare=False, repr=False)

    def superiority(self, ones: Indices, others: Indices) -> Floats | None:
        """How likely it is that each of `ones` is better than the one of `others` beside it.

        Likelihood of superiority, by the normal approximation to the posterior [pairs]; 1/2 for a
        player and itself. Not a number where one is ranked and the other not, since no results
        connect them; None where the spread is not known.
        """
        deviations = self._apart(ones, others)
        if deviations is None:
            return None
        leads = self.ratings[ones] - self.ratings[others]
        found: Floats = np.array(
            [normal(z) for z in (leads / np.maximum(deviations, 1e-9)).tolist()]
        )
        found[(self.ranks[ones] == UNRANKED) != (self.ranks[others] == UNRANKED)] = np.nan
        return found

    def _apart(self, ones: Indices, others: Indices) -> Floats | None:
        """Standard deviations of differences [pairs]; None where they are not known."""
        return None if self.spread is None else self.spread.deviations(ones, others)

    def expected_score(self, player: int, opponent: int) -> float:
        """Expected score in 0..1 of one game between two players."""
        difference = float(self.ratings[player] - self.ratings[opponent]) / SCALE
        return davidson.expected_score(difference, self.log_nu)


EMPTY = Standings(
    high_water=0,
    matches=0,
    names=(),
    ratings=np.empty(0),
    low=np.empty(0),
    high=np.empty(0),
    ranks=np.empty(0, dtype=np.intp),
    log_nu=0.0,
    order=(),
)
"""Standings of a ladder that was never fitted."""


def standings(
    fit: Fit, problem: Problem, names: Sequence[str], high_water: int, matches: int
) -> Standings:
    """Orders and ranks a fit."""
    reach = QUANTILE * np.sqrt(fit.spread.variances)
    ranked = np.flatnonzero(problem.ranked)
    ranks = np.full(len(fit.ratings), UNRANKED, dtype=np.intp)
    ranks[ranked] = 1 + fit.spread.better(fit.ratings, ranked, QUANTILE, fit.skew)
    below, above = fit.skew or (1.0, 1.0)
    return Standings(
        high_water=high_water,
        matches=matches,
        names=tuple(names),
        ratings=fit.ratings,
        low=fit.ratings - below * reach,
        high=fit.ratings + above * reach,
        ranks=ranks,
        log_nu=fit.log_nu,
        order=_order(fit.ratings, names),
        seat=(fit.seat, fit.seat_deviation),
        spread=fit.spread.compact(),
    )


def to_fitted(ladder: str, standings: Standings) -> Fitted:
    """Standings as they are shared."""
    return Fitted(
        ladder,
        standings.high_water,
        standings.matches,
        standings.log_nu,
        np.stack([standings.ratings, standings.low, standings.high]),
        standings.ranks,
        standings.spread,
        seat=standings.seat,
    )


def of_fitted(fitted: Fitted, names: Sequence[str]) -> Standings:
    """What `to_fitted` was given; of the ladder's players there may be more by now."""
    ratings, low, high = fitted.columns
    known = tuple(names[: len(ratings)])
    return Standings(
        high_water=fitted.high_water,
        matches=fitted.matches,
        names=known,
        ratings=ratings,
        low=low,
        high=high,
        ranks=fitted.ranks,
        log_nu=fitted.log_nu,
        order=_order(ratings, known),
        seat=fitted.seat,
        spread=fitted.spread,
    )


def _order(ratings: Floats, names: Sequence[str]) -> tuple[int, ...]:
    """Players, best first."""
    values = ratings.tolist()
    return tuple(sorted(range(len(names)), key=lambda player: (-values[player], names[player])))
