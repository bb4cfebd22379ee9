"""What critics look at: a game's observations as one row of features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from learner.network.architecture import Architecture
from learner.network.composed import Composed
from learner.network.encoders import TreeEncoder
from learner.network.network import Network, Seen

Leaves = Mapping[str, Tensor]
"""Observations by leaf name, [n, frames, *shape]."""


class StateEncoder(nn.Module):
    """Encoders of all leaves side by side: the policy's own kind, with weights of the critics'.

    Attributes:
        width: Features.
    """

    def __init__(self, shape: Architecture, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.tree = TreeEncoder(
                shape.observed, (), image=shape.encoding.image, frames=shape.encoding.frames
            )
        self.width = self.tree.width

    def forward(self, state: Leaves) -> Tensor:
        """Features [n, width]."""
        found: Tensor = self.tree(state)
        return found


def normalized(network: Network, seen: Seen, state: Tensor | None = None) -> Leaves:
    """Observations by leaf, through the network's running statistics where it has such.

    `state` is of a network that sees earlier frames.
    """
    if isinstance(network, Composed):
        return network.normalized(seen, state)
    assert isinstance(seen, Tensor)
    return {"": seen.unsqueeze(1)}
