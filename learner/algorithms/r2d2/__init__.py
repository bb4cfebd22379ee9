"""Recurrent replay distributed DQN (Kapturowski et al. 2019).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, Preset, Presets
from learner.bases.off_policy.replayed import SEQUENCES, SequencesConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class R2D2Config(SequencesConfig):
    """How R2D2 learns, and how its actors explore."""


def build(start: Start[R2D2Config]) -> Learner:
    """Its learner."""
    from learner.algorithms.r2d2.update import R2D2

    network = start.architecture, start.parameters
    return R2D2(*network, start.config, start.place, start.ranks)


ALGORITHM = Algorithm(
    name="r2d2",
    presets=Presets(
        Preset(SHAPED, R2D2Config(), hidden=(128,)),
        Preset(GameSettings(), R2D2Config(discount=0.99), hidden=(128,)),
    ),
    experience=SEQUENCES,
    build=build,
    head="dueling",
    memory=lambda config: config.memory,
    fuses=True,
    frames=True,
)
