"""How observations of any space become features; without torch, as settings name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ImageEncoder = Literal["auto", "nature", "impala", "small", "flat"]
"""Layers on an image, uint8 [height, width, channels].

nature: three convolutions and 512 units (Mnih et al. 2015); for sides of 36 and more.
impala: three blocks of two residual units each, and 256 units (Espeholt et al. 2018, figure 3).
small: two 3 x 3 convolutions and 128 units, for images of a few cells.
flat: none, the image is a vector.
auto: nature where it fits, else small, else flat.
"""

MemoryCell = Literal["gru", "lstm"]

ValueNetwork = Literal["auto", "shared", "own"]
"""Whether the value has layers of its own. auto: where actions are continuous, and in games of
others where nothing seen is an image, unless something is remembered; there what helps the value
hurts the policy (Andrychowicz et al. 2021, choice C47)."""


@dataclass(frozen=True)
class Encoding:
    """What a network has before its hidden layers, and what it keeps count of.

    Attributes:
        image: Layers on each image among the observations' leaves.
        frames: How many of the last observations the network sees at once; 1: the present alone.
            The others are remembered, as its state.
        normalize_observations: Numbers that are no bytes get mean 0 and standard deviation 1, by
            running statistics that are part of the weights, and are clipped to -10..10.
        normalize_rewards: Values are learned in units of the running standard deviation of their
            targets, which is part of the weights; what is published are values of the game's own
            rewards.
        value: Whether the value shares the policy's layers.
    """

    image: ImageEncoder = "auto"
    frames: int = 1
    normalize_observations: bool = False
    normalize_rewards: bool = False
    value: ValueNetwork = "auto"


PLAIN = Encoding()
