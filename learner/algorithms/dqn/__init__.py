"""Double dueling deep Q-learning (van Hasselt et al. 2016, Wang et al. 2016).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, Preset, Presets
from learner.bases.replayed import TRANSITIONS, QLearningConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class DQNConfig(QLearningConfig):
    """How DQN learns, and how its actors explore."""


def build(start: Start[DQNConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.dqn.update import DQN

    network = start.architecture, start.parameters
    return DQN(*network, start.config, start.place, start.ranks)


ALGORITHM = Algorithm(
    name="dqn",
    presets=Presets(
        Preset(SHAPED, DQNConfig()),
        Preset(GameSettings(), DQNConfig(discount=0.99)),
    ),
    experience=TRANSITIONS,
    build=build,
    head="dueling",
    frames=True,
    own_networks=True,
)
