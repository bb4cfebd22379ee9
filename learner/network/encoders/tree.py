"""An encoder a leaf, and their features side by side, through the hidden layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from learner.network.encoders.leaf import features_of, leaf_encoder
from learner.network.parts.encoding import ImageEncoder
from learner.network.parts.first_weights import orthogonal
from learner.network.parts.layers import Activation
from mazemesh.games.spaces import Leaf


class TreeEncoder(nn.Module):
    """Features of observations of any space.

    Attributes:
        width: How many come out.
    """

    def __init__(
        self,
        observed: Sequence[Leaf],
        hidden: Sequence[int],
        activation: Activation = "relu",
        image: ImageEncoder = "auto",
        frames: int = 1,
    ) -> None:
        """A leaf's features go as they are to the first of the `hidden` layers."""
        super().__init__()
        self._names = [leaf.name for leaf in observed]
        encoders = [leaf_encoder(leaf.space, image, frames) for leaf in observed]
        self.leaves = nn.ModuleList(encoders)
        both = zip(encoders, observed, strict=True)
        width = sum(features_of(encoder, leaf.space, frames) for encoder, leaf in both)
        layers: list[nn.Module] = []
        for size in hidden:
            layers += [nn.Linear(width, size), nn.Tanh() if activation == "tanh" else nn.ReLU()]
            width = size
        self.hidden = nn.Sequential(*layers)
        self.width = width
        orthogonal(self)

    def forward(self, columns: Mapping[str, Tensor]) -> Tensor:
        """Features [n, width] of columns by leaf name, [n, frames, *shape]."""
        both = zip(self._names, self.leaves, strict=True)
        parts = [encoder(columns[name]) for name, encoder in both]
        found: Tensor = self.hidden(torch.cat(parts, dim=1) if len(parts) > 1 else parts[0])
        return found
