"""First weights, before anything is learned."""

from __future__ import annotations

import math

from torch import nn


def orthogonal(module: nn.Module, gain: float = math.sqrt(2.0)) -> None:
    """First weights of all layers in it: orthogonal, biases 0 (Saxe et al. 2014)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
