"""Convolutions over images, [n, channels, height, width] of numbers from 0 to 1."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from learner.network.parts.encoding import ImageEncoder
from mazemesh.errors import InvalidArgument

NATURE_SIDE, SMALL_SIDE = 36, 3
"""The shortest sides that the layers' windows fit into."""


def image_encoder(kind: ImageEncoder, channels: int, height: int, width: int) -> nn.Module:
    """The layers of a kind for images of a size; features [n, units] come out.

    Raises:
        InvalidArgument: the images are smaller than the layers' windows.
    """
    side = min(height, width)
    if kind == "auto":
        kind = "nature" if side >= NATURE_SIDE else "small" if side >= SMALL_SIDE else "flat"
    least = {"nature": NATURE_SIDE, "small": SMALL_SIDE}.get(kind, 1)
    if side < least:
        raise InvalidArgument(
            f"image = {kind} takes images of {least} x {least} and more; this game's are "
            f"{height} x {width}: take impala, small or flat"
        )
    if kind == "flat":
        return nn.Flatten()
    body = {"nature": _nature, "impala": _impala, "small": _small}[kind](channels)
    with torch.no_grad():
        features = body(torch.zeros(1, channels, height, width)).shape[1]
    units = {"nature": 512, "impala": 256, "small": 128}[kind]
    return nn.Sequential(body, nn.Linear(features, units), nn.ReLU())


def _nature(channels: int) -> nn.Sequential:
    """Mnih et al. (2015), methods, model architecture."""
    return nn.Sequential(
        nn.Conv2d(channels, 32, 8, stride=4),
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, stride=1),
        nn.ReLU(),
        nn.Flatten(),
    )


def _small(channels: int) -> nn.Sequential:
    """Windows of 3 x 3 that leave out no cell."""
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


def _impala(channels: int) -> nn.Sequential:
    """Espeholt et al. (2018), figure 3, on the right: blocks of 16, 32 and 32 channels."""
    blocks: list[nn.Module] = []
    for width in (16, 32, 32):
        blocks.append(_Block(channels, width))
        channels = width
    return nn.Sequential(*blocks, nn.ReLU(), nn.Flatten())


class _Block(nn.Module):
    """A convolution, a maximum over half the places, two residual units."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.first, self.second = _Residual(width), _Residual(width)

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = self.second(self.first(self.pool(self.enter(image))))
        return found


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = image + self.two(torch.relu(self.one(torch.relu(image))))
        return found
