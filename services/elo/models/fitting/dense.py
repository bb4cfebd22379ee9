"""The Hessian of a ladder as a whole matrix: exact intervals, for as many players as allow it."""

from __future__ import annotations

import math

from services.elo.models.arrays import Floats
from services.elo.models.fitting import cholesky
from services.elo.models.fitting.posterior import OTHERS, Local, Posterior
from services.elo.models.fitting.spread import Covariance


class Dense:
    """Minus the second derivatives of a posterior, at one point after another.

    Args:
        posterior: Whose it is.
    """

    def __init__(self, posterior: Posterior) -> None:
        self._posterior = posterior

    def at(self, local: Local) -> Dense:
        """Moves to a point."""
        self._factor = cholesky.factor(self._posterior.hessian(local))
        return self

    def step(self, gradient: Floats) -> Floats:
        """Newton's step [players + 2]."""
        return cholesky.solve(self._factor, gradient)

    def spread(self, scale: float) -> tuple[Covariance, float]:
        """Of the strengths less the anchors' mean, and the seat's deviation, times `scale`.

        The Hessian is that of results and prior, H, which is blind to the level, plus b b' of the
        gauge, with b the anchors' weights. Its inverse is G + 1 1', where G is the covariance in
        which the anchors' mean is certain: G b = 0 and H G = I - b 1'.
        """
        inverse = cholesky.inverse(self._factor)
        strengths = Covariance(scale**2 * (inverse[:-OTHERS, :-OTHERS] - 1.0))
        return strengths, scale * math.sqrt(inverse[-1, -1])
