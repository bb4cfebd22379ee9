"""Continuous actions scaled to -1..1, as critics and squashed policies take them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from learner.network.parts.action_heads import bounds
from mazemesh.games.spaces import Box, Space
from mazemesh.policy.heads import heads


class ContinuousActions:
    """All elements of all leaves, which are boxes with bounds, one after the other: [K].

    Attributes:
        size: K.
    """

    def __init__(self, space: Space, device: torch.device) -> None:
        self._heads = heads(space)
        both = [bounds(head.space) for head in self._heads if isinstance(head.space, Box)]
        low, high = (torch.cat(sides).to(device) for sides in zip(*both, strict=True))
        self._middle = (high + low) / 2
        self._reach = torch.where(high > low, (high - low) / 2, 1.0)
        self.size = len(low)

    def scaled(self, rows: Mapping[str, Tensor]) -> Tensor:
        """The actions of a batch, float32 [n, K]."""
        parts = [rows[head.column].flatten(1) for head in self._heads]
        return (torch.cat(parts, dim=1) - self._middle) / self._reach

    def gaussian(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of standard deviations, [n, K] both, in outputs [n, 2 K + 1]."""
        parts = [outputs[:, head.numbers].chunk(2, dim=1) for head in self._heads]
        means, log_stds = zip(*parts, strict=True)
        return torch.cat(means, dim=1), torch.cat(log_stds, dim=1)

    def greedy(self, outputs: Tensor) -> Tensor:
        """The squashed means, float32 [n, K]: what a policy without chance does."""
        return self.gaussian(outputs)[0].tanh()
