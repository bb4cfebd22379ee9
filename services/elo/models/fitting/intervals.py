"""Intervals that follow the likelihood where a normal distribution does not.

Who won all of ten games may be far better than the opponent but hardly worse; a normal distribution
around the most likely rating says both. So for players of whom little is known, the posterior is
followed along the line on which the others move as they are expected to (the first step of Rue,
Martino and Chopin 2009, Approximate Bayesian inference by integrated nested Laplace approximations,
section 3.2.1): a player's own games as they are, all else by its quadratic form. Quantiles are
those of that density.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats, Indices
from services.elo.models.fitting.davidson import log_odds
from services.elo.models.fitting.posterior import (
    PARENT_DEVIATION,
    ROOT_DEVIATION,
    Local,
    Posterior,
)
from services.elo.models.fitting.spread import Spread
from services.elo.models.reproducible import exp

ENOUGH = 30.0
"""Information of a player's own games, in that of even games without draws times 4, from which on a
normal distribution will do: 120 of them. Skewness falls with its root, to less than 0.2 there."""

TAIL = 0.025
_GRID = np.arange(-40, 41) / 4.0
"""Where the density is taken, in standard deviations: -10 to 10."""
_CELLS_AT_ONCE = 8192
_CERTAIN = 1e-9  # a strength's deviation that is none


def skewed(
    posterior: Posterior, local: Local, spread: Spread, scale: float, quantile: float
) -> tuple[Floats, Floats]:
    """How much further the bounds of 95 % intervals lie than a normal distribution has them.

    Args:
        posterior: Of the ladder.
        local: At its maximum.
        spread: Of the strengths there, times `scale`.
        scale: Points of a strength of 1.
        quantile: Of the normal distribution that its bounds are.

    Returns:
        Factors below and above [players]; 1 where enough is known.
    """
    players = posterior.players
    below, above = np.ones(players), np.ones(players)
    deviations = np.sqrt(spread.variances) / scale
    known = np.bincount(posterior.first, local.games.curvature, players)
    known += np.bincount(posterior.second, local.games.curvature, players)
    little = (known < ENOUGH) & (known > 0.0) & (deviations > _CERTAIN)
    prior = np.full(players, PARENT_DEVIATION**-2)
    prior[posterior.roots] = (1.0 - 1.0 / len(posterior.roots)) * ROOT_DEVIATION**-2
    apart = posterior.differences(local.point)
    for some in _blocks(posterior, little):
        cells, owners, signs = _cells_of(posterior, some)
        others = np.where(signs > 0.0, posterior.second[cells], posterior.first[cells])
        # How the difference moves as its owner does and the other follows.
        follow = spread.covariances(owners, others) / scale**2 / deviations[owners] ** 2
        along = signs * (1.0 - follow)
        place = np.zeros(players, np.intp)
        place[some] = np.arange(len(some))
        own = np.bincount(place[owners], local.games.curvature[cells] * along**2, len(some))
        whole = 1.0 / deviations[some] ** 2
        # As log nu is not known for sure, less than the prior may seem to be left; far from the
        # estimate, where results tell of nothing but a direction, the prior is what there is.
        rest = np.maximum(whole - own, np.minimum(prior[some], whole))
        moved = along[:, None] * (deviations[owners][:, None] * _GRID)
        gains = _gains(posterior, local, cells, apart[cells, None], moved)
        # By player, each of whom has a cell; see `_cells_of`.
        density = np.add.reduceat(gains, np.searchsorted(owners, some), axis=0)
        density -= rest[:, None] * (deviations[some][:, None] * _GRID) ** 2 / 2.0
        below[some], above[some] = _bounds(density, quantile)
    return below, above


def _gains(posterior: Posterior, local: Local, cells: Indices, at: Floats, moved: Floats) -> Floats:
    """Log-likelihood of cells as their differences `at` move [cells, grid], less its tangent."""
    wins, draws, losses = (part[cells] for part in posterior.outcomes)
    games, log_nu = (wins + draws + losses)[:, None], float(local.point[-2])
    change = log_odds(at + moved, log_nu) - log_odds(at, log_nu)
    balance = ((wins - losses) / 2.0 - local.games.slope[cells])[:, None]
    gains: Floats = balance * moved - games * change
    return gains


def _blocks(posterior: Posterior, chosen: npt.NDArray[np.bool_]) -> list[Indices]:
    """Players in parts whose cells fit in some megabytes."""
    cells = np.bincount(posterior.first, minlength=posterior.players)
    cells += np.bincount(posterior.second, minlength=posterior.players)
    players = np.flatnonzero(chosen)
    part = np.cumsum(cells[players]) // _CELLS_AT_ONCE
    return [players[part == number] for number in np.unique(part).tolist()]


def _cells_of(posterior: Posterior, players: Indices) -> tuple[Indices, Indices, Floats]:
    """Cells of the players, whose each is, ascending, and 1 where that is its first, else -1."""
    chosen = np.zeros(posterior.players, bool)
    chosen[players] = True
    first, second = posterior.first, posterior.second
    ones, twos = np.flatnonzero(chosen[first]), np.flatnonzero(chosen[second])
    signs = np.concatenate([np.ones(len(ones)), -np.ones(len(twos))])
    owners = np.concatenate([first[ones], second[twos]])
    order = np.argsort(owners, kind="stable")
    return np.concatenate([ones, twos])[order], owners[order], signs[order]


def _bounds(density: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Of log-densities [players, grid]: both quantiles in parts of the normal distribution's."""
    weight = exp(density - density.max(axis=1, keepdims=True))
    # Areas between two points of the grid, by the trapezoidal rule.
    area = np.cumsum((weight[:, 1:] + weight[:, :-1]) / 2.0, axis=1)
    area = np.concatenate([np.zeros((len(area), 1)), area], axis=1)
    low, high = np.empty(len(area)), np.empty(len(area))
    for player, below in enumerate(area / area[:, -1:]):
        low[player], high[player] = np.interp((TAIL, 1.0 - TAIL), below, _GRID)
    least = 1e-3  # a bound is on its side of the estimate
    return np.maximum(-low / quantile, least), np.maximum(high / quantile, least)
