"""A Gaussian whose samples are squashed by tanh and stretched to the space's bounds."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from learner.network.distributions.gaussian import DiagonalGaussian

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)

_EDGE = 1 - 1e-6
"""Beyond which an action as stored (float32) no longer tells what was squashed."""


class SquashedGaussian:
    """a = middle + reach * tanh(u), u drawn from a Gaussian (Haarnoja et al. 2018, appendix C).

    Where an element has no bound below or above, u itself is the action, held to the bound it has.

    Args:
        mean: Of u, float32 [..., k].
        log_std: Of u, float32 [..., k] or [k].
        low: float32 [k]; -inf where there is no bound.
        high: float32 [k]; inf where there is no bound.
    """

    def __init__(self, mean: Tensor, log_std: Tensor, low: Tensor, high: Tensor) -> None:
        self._normal = DiagonalGaussian(mean, log_std)
        self.low, self.high = low, high
        self._bounded = torch.isfinite(low) & torch.isfinite(high)
        self._reach = torch.where(self._bounded, (high - low) / 2, 1.0)
        self._middle = torch.where(self._bounded, (high + low) / 2, 0.0)

    @torch.no_grad()
    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """float32 [..., k], within the bounds."""
        return self._squash(self._normal.draw(generator))

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A sample with its gradient."""
        return self._squash(self._normal.draw(generator))

    def rsample_log_prob(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """A sample [..., k] and its log-density [...].

        From u itself, which an action near the bounds no longer tells.
        """
        drawn = self._normal.draw(generator)
        return self._squash(drawn), self._log_density(drawn)

    def log_prob(self, action: Tensor) -> Tensor:
        """The density of actions [..., k], float32 [...].

        One at a bound counts as a millionth of the reach within it.
        """
        within = ((action - self._middle) / self._reach).clamp(-_EDGE, _EDGE)
        return self._log_density(torch.where(self._bounded, within.atanh(), action))

    def entropy(self) -> Tensor:
        """In nats, float32 [...].

        H(a) = H(u) + E[log |da/du|]; the expectation has no closed form and is taken by
        Gauss-Hermite quadrature over 24 nodes, so that it is not noisy and has a gradient.
        """
        mean, std = self._normal.mean, self._normal.log_std.exp()
        slope = torch.zeros_like(mean)
        for node, weight in zip(_NODES, _WEIGHTS / _WEIGHTS.sum(), strict=True):
            slope = slope + float(weight) * self._log_slope(mean + float(node) * std)
        return (self._normal.element_entropy() + slope).sum(dim=-1)

    def mode(self) -> Tensor:
        """The squashed mean, float32 [..., k]: what a policy plays when it is evaluated."""
        return self._squash(self._normal.mean)

    def _squash(self, drawn: Tensor) -> Tensor:
        inside = self._middle + self._reach * drawn.tanh()
        # By rounding, tanh = 1 can lead just beyond a bound.
        return torch.where(self._bounded, inside, drawn).clamp(self.low, self.high)

    def _log_density(self, drawn: Tensor) -> Tensor:
        return (self._normal.log_density(drawn) - self._log_slope(drawn)).sum(dim=-1)

    def _log_slope(self, drawn: Tensor) -> Tensor:
        """The logarithm of |da/du|, of each element.

        log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), which is a number for every u.
        """
        squashed = 2 * (math.log(2) - drawn - functional.softplus(-2 * drawn))
        return torch.where(self._bounded, squashed + self._reach.log(), 0.0)
