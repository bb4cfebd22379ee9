"""Log-density of a ladder's ratings: Bradley-Terry-Davidson likelihood and a weak, relative prior.

Who has the first place in a game of two is stronger or weaker by the seat effect, one number for
the ladder (as the home advantage of Davidson and Beaver 1977, On Extending the Bradley-Terry Model
to Incorporate Within-Pair Order Effects, Biometrics 33, on the scale of differences).

Each version is drawn to its parent, everyone else (bots, people, first versions) to the common mean
of those, so the prior never moves a ladder as a whole. What fixes the scale is the mean of the
anchors (the bots), pinned at `CENTER`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import NO_PARENT, Floats, Indices
from services.elo.models.counting.cells import Cells
from services.elo.models.counting.pairs import PairTable
from services.elo.models.fitting.davidson import MANY, Derivatives, derivatives, outcomes
from services.elo.models.reproducible import exp_of

SCALE = 400.0 / math.log(10.0)
"""Points on the Elo scale per unit of strength (natural log-odds)."""

CENTER = 1000.0
"""Where the anchors' mean is pinned."""

PARENT_DEVIATION = 300.0 / SCALE
"""Prior standard deviation of a version around its parent: a snapshot may well gain or lose 300."""

ROOT_DEVIATION = 700.0 / SCALE
"""Prior standard deviation of all others around their mean: a bot that walks at random and one that
knows the way are some 1,000 points apart."""

LOG_NU_MEAN = math.log(0.5)
LOG_NU_DEVIATION = 1.5
"""Prior of log nu: equals draw one game in five, give or take (1 in 19 to 1 in 2)."""

SEAT_DEVIATION = 100.0 / SCALE
"""Prior standard deviation of the seat effect around none; White's in chess is 35 points."""

_NO_DRAWS = -60.0  # log nu
_FAR_NU = 30.0
_HALVINGS = 40

OTHERS = 2
"""Parameters after the players' strengths: log nu, then the seat effect."""


@dataclass(frozen=True)
class Problem:
    """Everything that a fit depends on.

    Attributes:
        table: Results between the players.
        parents: By player, the index of its parent or `NO_PARENT`.
        ranked: By player, whether results connect it to the anchors; does not change the fit.
        anchors: By player, whether it is one of those whose mean is pinned; at least one is.
        start: Ratings to start from, by player; any, but good ones save steps.
    """

    table: PairTable
    parents: Indices
    ranked: npt.NDArray[np.bool_]
    anchors: npt.NDArray[np.bool_]
    start: Floats


class Local(NamedTuple):
    """A posterior's log-density and gradient at a point; `games` is the part of the results."""

    point: Floats
    value: float
    gradient: Floats
    games: Derivatives


class Posterior:
    """Log-density, up to a constant, at a point: strengths, log nu, seat effect [players + 2]."""

    def __init__(self, problem: Problem) -> None:
        self.players = len(problem.start)
        self.table = problem.table
        self.cells = cells = Cells.of(problem.table)
        self.first, self.second = cells.first, cells.second
        self.anchor: Floats = problem.anchors / problem.anchors.sum()
        """Weight of each player in the anchors' mean."""
        self.roots: Indices = np.flatnonzero(problem.parents == NO_PARENT)
        self._children = np.flatnonzero(problem.parents != NO_PARENT)
        self._parents = problem.parents[self._children]
        self._parents_of_all = problem.parents
        self.weigh(np.ones(len(problem.table.matches)))

    @property
    def bonds(self) -> tuple[Indices, Indices]:
        """Versions and their parents."""
        return self._children, self._parents

    @cached_property
    def _precision(self) -> Floats:
        # Results and prior leave the level open. A penalty on the anchors' mean alone sets it to
        # zero exactly; `dense` takes out the variance of 1 that it gives to the level.
        gauge = np.outer(self.anchor, self.anchor)
        return _prior_precision(self._parents_of_all) + gauge

    def weigh(self, weights: Floats) -> None:
        """Sets the weight of each game of a row [rows]."""
        cells, weight = self.cells, weights[self.cells.rows]
        self._wins = weight * cells.win_mass
        self._draws = weight * cells.draw_mass
        self._losses = weight * (cells.games - cells.win_mass - cells.draw_mass)

    @property
    def outcomes(self) -> tuple[Floats, Floats, Floats]:
        """Weighted wins, draws and losses [cells]."""
        return self._wins, self._draws, self._losses

    def differences(self, point: Floats) -> Floats:
        """Strength of `first` less that of `second`, with the seat effect [cells]."""
        difference: Floats = point[self.first] - point[self.second]
        difference += self.cells.signs * point[-1]
        return difference

    def anchored(self, strengths: Floats) -> Floats:
        """Strengths less the anchors' mean."""
        shifted: Floats = strengths - np.sum(self.anchor * strengths)
        return shifted

    def at(self, point: Floats) -> Local:
        """The log-density around a point."""
        strengths, log_nu, seat = point[:-OTHERS], float(point[-2]), float(point[-1])
        games = derivatives(self.differences(point), log_nu, self._wins, self._draws, self._losses)
        pull = self._pull(strengths)
        distance = (log_nu - LOG_NU_MEAN) / LOG_NU_DEVIATION
        off = seat / SEAT_DEVIATION
        value = games.value - (float(np.sum(strengths * pull)) + distance**2 + off**2) / 2.0
        gradient = np.empty(self.players + OTHERS)
        gradient[:-OTHERS] = self.scatter(games.slope) - pull
        gradient[-2] = games.nu_slope - distance / LOG_NU_DEVIATION
        gradient[-1] = float(np.sum(self.cells.signs * games.slope)) - off / SEAT_DEVIATION
        return Local(point, value, gradient, games)

    def likely_nu(self, point: Floats) -> float:
        """About the likeliest log nu, given the strengths of a point: a start for the fit.

        Where nobody draws it is so low that Newton's method, which goes about 1 a step, would take
        ten to get there. Each game is taken to be between two as far apart as all are on average.
        """
        chances = outcomes(self.differences(point), _NO_DRAWS)
        games = self._wins + self._draws + self._losses
        even = float(np.sum(games * np.sqrt(chances.win * chances.loss)))
        draws, total = float(np.sum(self._draws)), float(np.sum(games))
        if not total:  # of a ladder all of whose results were taken back
            return LOG_NU_MEAN
        low, high = LOG_NU_MEAN - _FAR_NU, LOG_NU_MEAN + _FAR_NU
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            odds = exp_of(middle) * even
            expected = total * odds / (odds + total)
            if draws - expected > (middle - LOG_NU_MEAN) / LOG_NU_DEVIATION**2:
                low = middle
            else:
                high = middle
        return (low + high) / 2.0

    def hessian(self, local: Local) -> Floats:
        """Minus the second derivatives [players + 2, players + 2]; positive definite."""
        places = self.first * self.players + self.second
        by_place: Floats = np.bincount(places, local.games.curvature, self.players**2).astype(float)
        curvature = by_place.reshape(self.players, self.players)
        hessian = np.empty((self.players + OTHERS, self.players + OTHERS))
        hessian[:-OTHERS, :-OTHERS] = self._precision - curvature - curvature.T
        diagonal = np.arange(self.players)
        hessian[diagonal, diagonal] += curvature.sum(axis=0) + curvature.sum(axis=1)
        border, corner = self.border(local)
        hessian[:-OTHERS, -OTHERS:] = border
        hessian[-OTHERS:, :-OTHERS] = border.T
        hessian[-OTHERS:, -OTHERS:] = corner
        return hessian

    def border(self, local: Local) -> tuple[Floats, Floats]:
        """The Hessian's last columns [players, 2] and its corner [2, 2]."""
        games, signs = local.games, self.cells.signs
        border = np.stack(
            [self.scatter(games.mixed), self.scatter(signs * games.curvature)], axis=1
        )
        mixed = float(np.sum(signs * games.mixed))
        seat = float(np.sum(signs * signs * games.curvature))
        corner = np.array(
            [
                [games.nu_curvature + LOG_NU_DEVIATION**-2, mixed],
                [mixed, seat + SEAT_DEVIATION**-2],
            ]
        )
        return border, corner

    def _pull(self, strengths: Floats) -> Floats:
        """Prior precision and gauge times the strengths [players].

        By their structure: a product with the matrix would have sums whose order a BLAS chooses.
        """
        pull: Floats = self.anchor * np.sum(self.anchor * strengths)
        roots = strengths[self.roots]
        pull[self.roots] += (roots - np.sum(roots) / len(roots)) / ROOT_DEVIATION**2
        bonds = (strengths[self._children] - strengths[self._parents]) / PARENT_DEVIATION**2
        pull[self._children] += bonds
        pull[self._parents] -= bonds  # a version has one child, so nothing is taken twice
        return pull

    def scatter(self, values: Floats) -> Floats:
        """Adds each cell's value to its first player and takes it from its second [players]."""
        if len(values) >= MANY:
            from services.elo.models.fitting import davidson_kernels

            found = np.zeros((2, self.players))
            davidson_kernels.scatter(self.first, self.second, values, *found)
            apart: Floats = found[0] - found[1]
            return apart
        gains = np.bincount(self.first, values, self.players)
        losses = np.bincount(self.second, values, self.players)
        return (gains - losses).astype(np.float64)


def _prior_precision(parents: Indices) -> Floats:
    """Inverse covariance of the prior [players, players], singular in the level."""
    players = len(parents)
    children = np.flatnonzero(parents != NO_PARENT)
    roots = (parents == NO_PARENT).astype(np.float64)
    precision: Floats = np.diag(roots) - np.outer(roots, roots) / roots.sum()
    precision /= ROOT_DEVIATION**2
    bonds = np.zeros((players, players))
    bonds[children, parents[children]] = 1.0 / PARENT_DEVIATION**2
    bonds += bonds.T
    return precision + np.diag(bonds.sum(axis=1)) - bonds
