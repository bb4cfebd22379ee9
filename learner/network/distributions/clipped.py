"""A Gaussian whose actions are clipped to the space's bounds when they are carried out."""

from __future__ import annotations

import torch
from torch import Tensor

from learner.network.distributions.gaussian import DiagonalGaussian


class ClippedGaussian:
    """Actions from a Gaussian in the space's own units; the game gets them within its bounds.

    Samples and experience are as drawn, before they are clipped: so `log_prob` is the density that
    they were drawn with, as policy gradients need it. `clip` is what the game is given.

    Args:
        mean: float32 [..., k].
        log_std: float32 [..., k] or [k].
        low: float32 [k]; -inf where there is no bound.
        high: float32 [k]; inf where there is no bound.
    """

    def __init__(self, mean: Tensor, log_std: Tensor, low: Tensor, high: Tensor) -> None:
        self._normal = DiagonalGaussian(mean, log_std)
        self.low, self.high = low, high

    def clip(self, action: Tensor) -> Tensor:
        """The nearest action of the space, [..., k]."""
        return action.clamp(self.low, self.high)

    @torch.no_grad()
    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """float32 [..., k], as drawn."""
        return self._normal.draw(generator)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A sample with its gradient."""
        return self._normal.draw(generator)

    def rsample_log_prob(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """A sample [..., k] and its log-density [...]."""
        action = self._normal.draw(generator)
        return action, self.log_prob(action)

    def log_prob(self, action: Tensor) -> Tensor:
        """The density of actions as drawn [..., k], float32 [...]."""
        return self._normal.log_density(action).sum(dim=-1)

    def entropy(self) -> Tensor:
        """Of what is drawn, in nats, float32 [...]."""
        return self._normal.element_entropy().sum(dim=-1)

    def mode(self) -> Tensor:
        """The mean, within the bounds, float32 [..., k]."""
        return self.clip(self._normal.mean)
