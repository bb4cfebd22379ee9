"""Soft actor-critic (Haarnoja et al. 2018; Christodoulou 2019 for discrete actions).

How it learns from a batch is in `update` and `discrete`, which need torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, SMALL_CONTROL, Preset, Presets
from learner.bases.accepting import discrete_or_boxes
from learner.bases.bounds import Share, Within
from learner.bases.off_policy.uniform import SOFT, OffPolicyConfig
from mazemesh.games import GameSettings
from mazemesh.games.spaces import Discrete, single

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class SACConfig(OffPolicyConfig):
    """How SAC learns.

    Attributes:
        temperature: alpha: what a nat of entropy is worth at the start, in rewards.
        temperature_learning_rate: Of Adam, for its logarithm; 0 leaves it as it is.
        target_entropy: Of continuous actions, in nats for each element scaled to -1..1, that the
            temperature is led by. (A uniform one has log 2.)
        target_entropy_share: The same of discrete actions, as a share of the largest, which is the
            logarithm of how many are legal.
    """

    temperature: Annotated[float, Within(0, 1000, above=True)] = 1.0
    temperature_learning_rate: Share = 1e-3
    target_entropy: Annotated[float, Within(-100, 1)] = -1.0
    target_entropy_share: Share = 0.5


def build(start: Start[SACConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.sac.discrete import DiscreteSAC
    from learner.algorithms.sac.update import SAC

    one = isinstance(single(start.architecture.action_space), Discrete)
    return DiscreteSAC(start) if one else SAC(start)


ALGORITHM = Algorithm(
    name="sac",
    presets=Presets(
        Preset(SHAPED, SACConfig(discount=0.95)),
        Preset(GameSettings(), SACConfig(), games=8, settings=SMALL_CONTROL),
        {
            "gymnasium:Pendulum-v1": Preset(
                GameSettings(),
                SACConfig(samples_per_insert=256.0),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
            "gymnasium:MountainCarContinuous-v0": Preset(
                GameSettings(),
                SACConfig(
                    discount=0.999,
                    temperature=0.1,
                    temperature_learning_rate=0.0,
                    noise_correlation=0.95,
                    target_share=0.01,
                ),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
        },
    ),
    experience=SOFT,
    build=build,
    head="actor-critic",
    accepts=discrete_or_boxes("sac"),
    actions="squashed",
    value="shared",
    state_std=True,
    frames=True,
)
