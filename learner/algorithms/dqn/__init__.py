"""Double dueling deep Q-learning (van Hasselt et al. 2016, Wang et al. 2016).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, SMALL_CONTROL, Preset, Presets
from learner.bases.off_policy.replayed import TRANSITIONS, QLearningConfig
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
        {
            "gymnasium:CartPole-v1": Preset(
                GameSettings(),
                DQNConfig(
                    discount=0.99,
                    minibatch_size=128,
                    minibatches_per_batch=8,
                    min_size=1_000,
                    table_capacity=100_000,
                    samples_per_insert=64.0,
                    target_every=100,
                ),
                hidden=(128, 128),
                games=8,
                settings=SMALL_CONTROL,
            ),
        },
        # Eight frames learned from for each that is played, as in Mnih et al. (2015).
        {
            "gymnasium:ALE/": Preset(
                GameSettings(),
                DQNConfig(
                    discount=0.99,
                    minibatch_size=32,
                    minibatches_per_batch=8,
                    learning_rate=1e-4,
                    target_every=1_000,
                    min_size=10_000,
                    table_capacity=100_000,
                    samples_per_insert=8.0,
                ),
                games=8,
            ),
        },
    ),
    experience=TRANSITIONS,
    build=build,
    head="dueling",
    frames=True,
    own_networks=True,
)
