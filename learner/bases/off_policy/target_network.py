"""Target networks: copies of a network that follow it from time to time, or slowly."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from learner.network.parts.normalization import share_statistics

N = TypeVar("N", bound=nn.Module)


class TargetNetwork(Generic[N]):
    """A copy of a network whose parameters are `vector` (`Descent.vector`).

    Attributes:
        network: The copy.
    """

    def __init__(self, network: N, vector: Tensor, *, recordable: bool) -> None:
        """One that is `recordable` reads nothing back (`learner.device.recording`)."""
        self.network = copy.deepcopy(network).requires_grad_(requires_grad=False)
        share_statistics(self.network, network)
        self._vector, self._followed = vector.clone(), vector
        self._recordable = recordable
        parameters = list(self.network.parameters())
        sizes = [parameter.numel() for parameter in parameters]
        for parameter, values in zip(parameters, self._vector.split(sizes), strict=True):
            parameter.grad, parameter.data = None, values.view_as(parameter)

    @torch.no_grad()
    def follow(self, due: Tensor) -> None:
        """Takes over the weights if `due`, float32 [], is 1."""
        if self._recordable:
            self._vector.lerp_(self._followed, due)
        elif due:
            self._vector.copy_(self._followed)

    @torch.no_grad()
    def drift(self, share: float) -> None:
        """Goes a share of the way towards the weights (Lillicrap et al. 2016, section 3: tau)."""
        self._vector.lerp_(self._followed, share)


def takeovers(updates: int, steps: int, every: int) -> Tensor:
    """1 at each of the next gradient steps after which the target is to follow, float32 [steps].

    Args:
        updates: Gradient steps before.
        steps: How many are next.
        every: Gradient steps between two.
    """
    return (torch.arange(updates + 1, updates + steps + 1) % every == 0).float()
