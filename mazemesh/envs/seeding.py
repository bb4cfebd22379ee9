"""Maze seeds for environments, from their own random generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.games import Purpose, seeds


def draw_seeds(rng: np.random.Generator, purpose: Purpose, count: int) -> npt.NDArray[np.uint64]:
    """Draw `count` seeds of a purpose."""
    numbers = rng.integers(seeds.NUMBERS, size=count)
    drawn = [seeds.seed(purpose, int(number)) for number in numbers]
    return np.array(drawn, np.uint64)
