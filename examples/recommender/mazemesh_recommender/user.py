"""The user: what is clicked, for how long, and how interests move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PATIENCE: Final = 0.85
"""Chance to look at the next position (rank-biased: Moffat and Zobel, ACM TOIS 27(1), 2008)."""
_STEEP, _THRESHOLD = 4.0, 2.0
_DRIFT, _DRAWN = 0.05, 0.2
"""How far interests move by themselves in a step, and towards what was enjoyed."""
_SATED = 0.6
"""How much less one wants of what one has just had."""
_FORGETTING = 0.7


@dataclass
class Response:
    """What a user did with a slate.

    Attributes:
        clicked: [slate], bool.
        minutes: [slate], 0 where there was no click.
    """

    clicked: npt.NDArray[np.bool_]
    minutes: Floats


class User:
    """Interests in topics, a unit vector that nobody else sees, and satiation.

    A user looks at positions from the first on, each with the chance `PATIENCE` after the one
    before, and clicks on what is seen with the chance 1 / (1 + exp(2 - 4 affinity)), where

        affinity = interest . topics - 0.6 satiation . topics.

    A click lasts quality * exp(interest . topics) minutes. Interests drift, and are drawn towards
    what was enjoyed (as in interest evolution of RecSim: Ie et al., arXiv 1909.04847, 2019), and
    satiation is what was clicked, forgotten by and by.
    """

    def __init__(self, rng: np.random.Generator, topics: int) -> None:
        self._rng = rng
        self.interest: Floats = unit(rng.normal(size=topics))
        self.satiation: Floats = np.zeros(topics)

    def affinity(self, items: Floats) -> Floats:
        """[items, topics] to [items]."""
        return np.asarray(items @ self.interest - _SATED * (items @ self.satiation))

    def click_chance(self, items: Floats) -> Floats:
        """Of items that are seen."""
        return np.asarray(1.0 / (1.0 + np.exp(_THRESHOLD - _STEEP * self.affinity(items))))

    def respond(self, slate: Floats, quality: Floats) -> Response:
        """What happens with items, [slate, topics], of a quality, [slate]."""
        goes_on = self._rng.random(len(slate)) < PATIENCE
        goes_on[0] = True  # the first position is always looked at
        seen = np.logical_and.accumulate(goes_on)
        clicked = seen & (self._rng.random(len(slate)) < self.click_chance(slate))
        minutes = np.where(clicked, quality * np.exp(slate @ self.interest), 0.0)
        self._move(slate[clicked])
        return Response(clicked, minutes)

    def _move(self, enjoyed: Floats) -> None:
        drawn = self.interest + _DRIFT * self._rng.normal(size=self.interest.shape)
        if len(enjoyed):
            drawn = drawn + _DRAWN * enjoyed.mean(axis=0)
            self.satiation = _FORGETTING * self.satiation + (1 - _FORGETTING) * enjoyed.sum(axis=0)
        else:
            self.satiation = _FORGETTING * self.satiation
        self.interest = unit(drawn)


def unit(vectors: Floats) -> Floats:
    """Vectors of length 1."""
    scaled: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled
