"""Features of one leaf of an observation, from its column as it is recorded."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from learner.network.encoders.images import image_encoder
from learner.network.parts.encoding import ImageEncoder
from mazemesh.games.spaces import Box, Discrete, LeafSpace, MultiDiscrete

ONE_HOT = 256
"""Values of a discrete leaf that get an element each; of more, 64 numbers are learned for each."""

EMBEDDED = 64


def leaf_encoder(space: LeafSpace, image: ImageEncoder, frames: int) -> nn.Module:
    """What makes features [n, units] of `frames` rows of a leaf, [n, frames, *shape]."""
    match space:
        case Box() if space.is_image:
            return _Image(space, image, frames)
        case Box():
            return _Vector(space)
        case Discrete():
            return _Choices((space.n,))
        case MultiDiscrete():
            return _Choices(space.counts)
        case _:
            return _Plain()


class _Image(nn.Module):
    """Frames are channels beside each other."""

    def __init__(self, space: Box, image: ImageEncoder, frames: int) -> None:
        super().__init__()
        height, width, channels = space.shape
        self.layers = image_encoder(image, frames * channels, height, width)

    def forward(self, column: Tensor) -> Tensor:
        # Divided here and not before: bytes are a quarter of the way to a device and in its memory.
        image = column.float() / 255.0
        image = image.permute(0, 1, 4, 2, 3).flatten(1, 2)
        found: Tensor = self.layers(image)
        return found


class _Vector(nn.Module):
    """Bytes and other whole numbers go from 0 to 1 where they have bounds; others as they are."""

    low: Tensor
    reach: Tensor

    def __init__(self, space: Box) -> None:
        super().__init__()
        self._scaled = space.dtype != "float32" and space.bounded
        low, high = torch.tensor(space.low), torch.tensor(space.high)
        if len(space.low) == space.size:
            low, high = low.view(space.shape), high.view(space.shape)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("reach", (high - low).clamp(min=1.0), persistent=False)

    def forward(self, column: Tensor) -> Tensor:
        numbers = column.float()
        if self._scaled:
            numbers = (numbers - self.low) / self.reach
        return numbers.flatten(1)


class _Choices(nn.Module):
    """One of so many, once or several times: an element a value, or learned numbers."""

    def __init__(self, counts: tuple[int, ...]) -> None:
        super().__init__()
        self.counts = counts
        large = [count for count in counts if count > ONE_HOT]
        self.embeddings = nn.ModuleList(nn.Embedding(count, EMBEDDED) for count in large)
        for index, count in enumerate(counts):
            if count <= ONE_HOT:  # kept, as a file that counts them anew can not go as weights
                values = torch.arange(count)
                self.register_buffer(f"values_{index}", values, persistent=False)

    def forward(self, column: Tensor) -> Tensor:
        parts = column.long().flatten(2) if column.dim() > 2 else column.long().unsqueeze(2)
        features, embeddings = [], iter(self.embeddings)
        for index, count in enumerate(self.counts):
            values = parts[:, :, index]
            if count > ONE_HOT:
                features.append(next(embeddings)(values.clamp(0, count - 1)))
            else:
                of_all: Tensor = getattr(self, f"values_{index}")
                features.append((values.unsqueeze(2) == of_all).float())
        return torch.cat(features, dim=2).flatten(1)


class _Plain(nn.Module):
    """Zeros and ones."""

    def forward(self, column: Tensor) -> Tensor:
        return column.float().flatten(1)


def features_of(encoder: nn.Module, space: LeafSpace, frames: int) -> int:
    """How many features come out."""
    if isinstance(encoder, _Image):
        with torch.no_grad():
            return int(encoder(torch.zeros(1, frames, *space.shape)).shape[1])
    if isinstance(encoder, _Choices):
        each = [EMBEDDED if count > ONE_HOT else count for count in encoder.counts]
        return frames * sum(each)
    return frames * math.prod(space.shape)
