"""Maze seeds for environments, from their own random generator, and where that has come to."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games import Purpose, seeds
from mazemesh.games.mazes.engine_state import EngineState


def draw_seeds(rng: np.random.Generator, purpose: Purpose, count: int) -> npt.NDArray[np.uint64]:
    """Draw `count` seeds of a purpose."""
    numbers = rng.integers(seeds.NUMBERS, size=count)
    drawn = [seeds.seed(purpose, int(number)) for number in numbers]
    return np.array(drawn, np.uint64)


@dataclass(frozen=True, eq=False)
class EnvironmentState:
    """All that decides how an environment goes on, and which mazes come after; it may be pickled.

    Attributes:
        engine: The games.
        generator: Where the random generator of the mazes has come to.
        episodes: How many began, where who starts where depends on it.
        agents: Who plays, in an environment of several.
    """

    engine: EngineState
    generator: Mapping[str, Any]
    episodes: int = 0
    agents: tuple[str, ...] = ()


def generator_state(rng: np.random.Generator) -> Mapping[str, Any]:
    """Where a generator has come to."""
    return copy.deepcopy(dict(rng.bit_generator.state))


def set_generator_state(rng: np.random.Generator, state: Mapping[str, Any]) -> None:
    """Lets a generator go on from a state."""
    rng.bit_generator.state = copy.deepcopy(dict(state))
