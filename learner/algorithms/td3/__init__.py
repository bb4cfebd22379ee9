"""Twin delayed deep deterministic policy gradient (Fujimoto et al. 2018).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, SMALL_CONTROL, Preset, Presets
from learner.bases.accepting import bounded_boxes
from learner.bases.bounds import Within
from learner.bases.off_policy.uniform import NOISY, NoisyConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class TD3Config(NoisyConfig):
    """How TD3 learns, and how its actors explore.

    Attributes:
        target_noise: Standard deviation of the noise on the target policy's actions, which are
            scaled to -1..1.
        target_noise_clip: That noise is clipped to this.
    """

    policy_delay: Annotated[int, Within(1, 1024)] = 2
    target_noise: Annotated[float, Within(0, 10)] = 0.2
    target_noise_clip: Annotated[float, Within(0, 10)] = 0.5


def build(start: Start[TD3Config]) -> Learner:
    """Its learner."""
    from learner.algorithms.td3.update import TD3

    return TD3(start)


ALGORITHM = Algorithm(
    name="td3",
    presets=Presets(
        Preset(SHAPED, TD3Config()),
        Preset(GameSettings(), TD3Config(), games=8, settings=SMALL_CONTROL),
        {
            "gymnasium:Pendulum-v1": Preset(
                GameSettings(),
                TD3Config(discount=0.98, samples_per_insert=256.0),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
            "gymnasium:MountainCarContinuous-v0": Preset(
                GameSettings(),
                TD3Config(noise=0.5, noise_correlation=0.95, discount=0.999),
                hidden=(64, 64),
                games=8,
                settings=SMALL_CONTROL,
            ),
        },
    ),
    experience=NOISY,
    build=build,
    head="actor-critic",
    accepts=bounded_boxes("td3"),
    actions="squashed",
    value="shared",
    frames=True,
)
