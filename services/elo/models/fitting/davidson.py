"""Davidson's extension of the Bradley-Terry model to draws.

Davidson (1970), On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison
Experiments, JASA 65: with d the difference of two strengths and nu > 0 the draw parameter, win,
draw and loss have the odds exp(d / 2) : nu : exp(-d / 2). The log-likelihood is concave in
(d, log nu), because it is that of an exponential family.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.elo.models.arrays import Floats
from services.elo.models.reproducible import exp, exp_of, log

MANY = 4096
"""Cells that are worth loading compiled code for."""


@dataclass(frozen=True)
class Outcomes:
    """Probabilities of the outcomes of games, elementwise over strength differences."""

    win: Floats
    draw: Floats
    loss: Floats

    @property
    def score(self) -> Floats:
        """Expected score of a game, in 0..1."""
        score: Floats = self.win + self.draw / 2.0
        return score

    @property
    def variance(self) -> Floats:
        """Variance of a game's score, which is also minus its log-likelihood's curvature in d."""
        variance: Floats = (1.0 - self.draw - (self.win - self.loss) ** 2) / 4.0
        return variance


@dataclass(frozen=True)
class Derivatives:
    """Log-likelihood of weighted games and its derivatives in d, elementwise, and in log nu.

    Attributes:
        value: Log-likelihood of all games.
        slope: First derivative in d.
        nu_slope: First derivative in log nu, of all games.
        curvature: Minus the second derivative in d.
        mixed: Minus the derivative in d and log nu.
        nu_curvature: Minus the second derivative in log nu, of all games.
    """

    value: float
    slope: Floats
    nu_slope: float
    curvature: Floats
    mixed: Floats
    nu_curvature: float


def outcomes(difference: Floats, log_nu: float) -> Outcomes:
    """Probabilities at strength differences of any size."""
    if len(difference) < MANY:
        return _outcomes(difference, log_nu)[0]
    from services.elo.models.fitting import davidson_kernels

    found = np.empty((3, len(difference)))
    davidson_kernels.outcomes(difference, log_nu, *found)
    return Outcomes(*found)


def expected_score(difference: float, log_nu: float) -> float:
    """`outcomes(...).score` of one difference."""
    half = difference / 2.0
    top = max(abs(half), log_nu)
    win, draw, loss = exp_of(half - top), exp_of(log_nu - top), exp_of(-half - top)
    total = win + draw + loss
    return win / total + draw / total / 2.0


def log_odds(difference: Floats, log_nu: float) -> Floats:
    """Log of the sum of the three odds, elementwise over differences of any shape."""
    if difference.size < MANY * 16:
        return _outcomes(difference, log_nu)[1]
    from services.elo.models.fitting import davidson_kernels

    found = np.empty(difference.shape)
    davidson_kernels.log_odds(difference.ravel(), log_nu, found.reshape(-1))
    return found


def derivatives(
    difference: Floats, log_nu: float, wins: Floats, draws: Floats, losses: Floats
) -> Derivatives:
    """Of so many (weighted) wins, draws and losses at each difference."""
    if len(difference) >= MANY:
        return _compiled_derivatives(difference, log_nu, wins, draws, losses)
    expected, log_odds = _outcomes(difference, log_nu)
    games = wins + draws + losses
    balance = expected.win - expected.loss
    likelihoods = (wins - losses) * difference / 2.0 + draws * log_nu - games * log_odds
    return Derivatives(
        value=float(np.sum(likelihoods)),
        slope=((wins - losses) - games * balance) / 2.0,
        nu_slope=float(np.sum(draws - games * expected.draw)),
        curvature=games * expected.variance,
        mixed=-games * balance * expected.draw / 2.0,
        nu_curvature=float(np.sum(games * expected.draw * (1.0 - expected.draw))),
    )


def _compiled_derivatives(
    difference: Floats, log_nu: float, wins: Floats, draws: Floats, losses: Floats
) -> Derivatives:
    from services.elo.models.fitting import davidson_kernels

    slope, curvature, mixed = np.empty((3, len(difference)))
    of_nu = np.empty(2)
    value = davidson_kernels.derivatives(
        difference, log_nu, wins, draws, losses, slope, curvature, mixed, of_nu
    )
    return Derivatives(value, slope, float(of_nu[0]), curvature, mixed, float(of_nu[1]))


def _outcomes(difference: Floats, log_nu: float) -> tuple[Outcomes, Floats]:
    """The probabilities, and the log of the odds' sum."""
    half = difference / 2.0
    # Less the largest of the three, so that no power overflows.
    top = np.maximum(np.abs(half), log_nu)
    win, draw, loss = exp(half - top), exp(log_nu - top), exp(-half - top)
    total = win + draw + loss
    return Outcomes(win / total, draw / total, loss / total), top + log(total)
