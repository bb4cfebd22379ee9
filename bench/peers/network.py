"""The network of Workload A, for the peers that take one from outside."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Torso(nn.Module):
    """The hidden layers, shared by both heads, on observation / 255."""

    def __init__(self, size: int, hidden: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.ReLU()]
            size = width
        self.layers = nn.Sequential(*layers)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return self.layers(observation / 255.0)

    def linear(self) -> list[nn.Linear]:
        """The layers with weights, from the observation on."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]


def arrays(torso: Torso, action: nn.Linear, value: nn.Linear) -> dict[str, np.ndarray]:
    """All weights, by the names that the mesh has for them."""
    named = {f"hidden.{index}": layer for index, layer in enumerate(torso.linear())}
    named |= {"action": action, "value": value}
    found = {}
    for name, layer in named.items():
        found[f"{name}.weight"] = layer.weight.detach().numpy()
        found[f"{name}.bias"] = layer.bias.detach().numpy()
    return found
