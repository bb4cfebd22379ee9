"""What both kinds of continuous actions are drawn from: a diagonal Gaussian."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0
"""Between which networks keep `log_std`, as Haarnoja et al. (2018) do."""

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class DiagonalGaussian:
    """Independent normal variables.

    Attributes:
        mean: float32 [..., k].
        log_std: Logarithm of the standard deviations, float32 [..., k] or [k].
    """

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        self.mean, self.log_std = mean, log_std.expand_as(mean)

    def draw(self, generator: torch.Generator | None = None) -> Tensor:
        """A sample, mean + std * noise, float32 [..., k], with gradients by both."""
        noise = torch.empty_like(self.mean, requires_grad=False).normal_(generator=generator)
        return self.mean + self.log_std.exp() * noise

    def log_density(self, value: Tensor) -> Tensor:
        """Of each element, float32 [..., k]."""
        standard = (value - self.mean) * (-self.log_std).exp()
        return -0.5 * standard.square() - self.log_std - _HALF_LOG_2PI

    def element_entropy(self) -> Tensor:
        """Of each element in nats, float32 [..., k]."""
        return self.log_std + 0.5 + _HALF_LOG_2PI
