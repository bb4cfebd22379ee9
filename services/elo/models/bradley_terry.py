"""The headline rating: a maximum a posteriori fit of a ladder, with honest intervals.

Intervals are those of the normal approximation to the posterior (Gelman et al., Bayesian Data
Analysis, section 4.1): the full inverse Hessian, all correlations included, seen from the anchors'
mean.

A fit has the same bits on every machine: see `cholesky` and `reproducible`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.elo.models.arrays import Floats
from services.elo.models.fitting.davidson import outcomes
from services.elo.models.fitting.dense import Dense
from services.elo.models.fitting.evidence import correlation, game_weights, repeats
from services.elo.models.fitting.intervals import skewed
from services.elo.models.fitting.posterior import (
    CENTER,
    LOG_NU_MEAN,
    OTHERS,
    SCALE,
    Local,
    Posterior,
    Problem,
)
from services.elo.models.fitting.spread import Skew, Spread

_TOLERANCE = 1e-5
"""Of a strength. A step of Newton's that is so short leads to within some 1e-10 of the maximum."""
_STEPS = 100
_HALVINGS = 60
_ROUNDS = 20
_CORRELATION_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Fit:
    """The posterior.

    Attributes:
        ratings: Elo scale, by player.
        spread: Of the ratings, in points.
        log_nu: Log of the draw parameter.
        correlation: Of two games of a match; see `evidence`.
        seat: How many points stronger one is in the first place of a game of two.
        seat_deviation: Standard deviation of that; of the prior where no game tells.
        skew: See `intervals`; None where all is as a normal distribution has it.
    """

    ratings: Floats
    spread: Spread
    log_nu: float
    correlation: float
    seat: float = 0.0
    seat_deviation: float = 0.0
    skew: Skew | None = None


QUANTILE = 1.959963984540054
"""Of the standard normal distribution at 0.975: bounds of a 95 % interval, and of "better"."""

LARGE = 512
"""Players above which the fit is sparse and its intervals are estimated (see `sparse`): up to here
a factorization takes a fraction of a second."""


def fit(problem: Problem) -> Fit:
    """Fits a ladder; a pure function of `problem`.

    Alternates between the ratings and the correlation within matches, which settle within a few
    rounds.

    Raises:
        ArithmeticError: No maximum was found, which finite input cannot cause.
    """
    posterior = Posterior(problem)
    hessian = _hessian(posterior)
    start = posterior.anchored((problem.start - CENTER) / SCALE)
    point = np.concatenate([start, [LOG_NU_MEAN, 0.0]])
    point[-2] = posterior.likely_nu(point)
    repeated = repeats(problem.table)
    within = 1.0
    for _ in range(_ROUNDS):
        used = within
        posterior.weigh(game_weights(problem.table, used))
        local = _maximise(posterior, hessian, point)
        point = local.point
        if not repeated:
            break
        expected = outcomes(posterior.differences(point), float(point[-2]))
        within = correlation(problem.table, posterior.cells, expected, posterior.players)
        if abs(within - used) < _CORRELATION_TOLERANCE:
            break
    spread, seat_deviation = hessian.spread(SCALE)  # it is where the last step began
    return Fit(
        ratings=CENTER + SCALE * posterior.anchored(point[:-OTHERS]),
        spread=spread,
        log_nu=float(point[-2]),
        correlation=used,
        seat=SCALE * float(point[-1]),
        seat_deviation=seat_deviation,
        skew=skewed(posterior, local, spread, SCALE, QUANTILE),
    )


class Hessian(Protocol):
    """Minus the second derivatives of a posterior."""

    def at(self, local: Local) -> Hessian:
        """Moves to a point."""
        ...

    def step(self, gradient: Floats) -> Floats:
        """Newton's step at the point [players + 2]."""
        ...

    def spread(self, scale: float) -> tuple[Spread, float]:
        """Of the strengths less the anchors' mean, and the seat's deviation, times `scale`."""
        ...


def _hessian(posterior: Posterior) -> Hessian:
    if posterior.players <= LARGE:
        return Dense(posterior)
    from services.elo.models.fitting.sparse import Sparse

    return Sparse(posterior)


def _maximise(posterior: Posterior, hessian: Hessian, start: Floats) -> Local:
    """Newton's method with step halving; the posterior is strictly concave."""
    local = posterior.at(start)
    for _ in range(_STEPS):
        step = hessian.at(local).step(local.gradient)
        if np.abs(step).max() < _TOLERANCE:
            return local._replace(point=local.point + step)
        local = _advance(posterior, local, step)
    raise ArithmeticError(f"the rating fit of {posterior.players} players found no maximum")


def _advance(posterior: Posterior, local: Local, step: Floats) -> Local:
    """The first of 1, 1/2, 1/4, ... steps that gains a fair share of what the gradient promises."""
    promise = 1e-4 * float(np.sum(local.gradient * step))
    rounding = 1e-12 * (1.0 + abs(local.value))
    for halvings in range(_HALVINGS):
        length = 0.5**halvings
        trial = posterior.at(local.point + length * step)
        if trial.value >= local.value + length * promise - rounding:
            return trial
    raise ArithmeticError(f"the rating fit of {posterior.players} players cannot rise any further")
