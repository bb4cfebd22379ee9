"""Proximal policy optimization of a policy with memory.

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.presets import SHAPED, Preset, Presets
from learner.bases.bounds import Within
from learner.bases.on_policy.unrolls import UNROLLS
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class RecurrentPPOConfig(PPOConfig):
    """How PPO learns a policy with memory.

    Attributes:
        memory: Width of the gated recurrent unit.
    """

    memory: Annotated[int, Within(1, 4096)] = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.magnet_cost:
            raise InvalidArgument(
                f"hyperparameters: magnet_cost = {self.magnet_cost:g} is for ppo; with memory it "
                "should be 0"
            )


def build(start: Start[RecurrentPPOConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.recurrent_ppo.update import RecurrentPPO

    network = start.architecture, start.parameters
    return RecurrentPPO(*network, start.config, start.place, start.seed, start.ranks)


ALGORITHM = Algorithm(
    name="recurrent-ppo",
    presets=Presets(
        Preset(SHAPED, RecurrentPPOConfig(entropy_cost=0.02), hidden=(128,)),
        Preset(GameSettings(), RecurrentPPOConfig(discount=0.99), hidden=(128,)),
    ),
    experience=UNROLLS,
    build=build,
    head="actor-critic",
    units=True,
    memory=lambda config: config.memory,
    fuses=True,
    frames=True,
    own_networks=True,
)
