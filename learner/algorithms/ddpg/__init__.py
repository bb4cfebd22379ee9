"""Deep deterministic policy gradient (Lillicrap et al. 2016).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, SMALL_CONTROL, Preset, Presets
from learner.bases.accepting import bounded_boxes
from learner.bases.off_policy.uniform import NOISY, NoisyConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class DDPGConfig(NoisyConfig):
    """How DDPG learns, and how its actors explore."""


def build(start: Start[DDPGConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.ddpg.update import DDPG

    return DDPG(start)


ALGORITHM = Algorithm(
    name="ddpg",
    presets=Presets(
        Preset(SHAPED, DDPGConfig()),
        Preset(GameSettings(), DDPGConfig(), games=8, settings=SMALL_CONTROL),
        {
            "gymnasium:Pendulum-v1": Preset(
                GameSettings(),
                DDPGConfig(discount=0.98, samples_per_insert=256.0),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
            "gymnasium:MountainCarContinuous-v0": Preset(
                GameSettings(),
                DDPGConfig(noise=0.5, noise_correlation=0.95, discount=0.999),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
        },
    ),
    experience=NOISY,
    build=build,
    head="actor-critic",
    accepts=bounded_boxes("ddpg"),
    actions="squashed",
    value="shared",
    frames=True,
)
