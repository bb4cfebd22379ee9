"""Multi-agent proximal policy optimization (Yu et al. 2022): PPO with a critic that sees it all.

Every seat acts on what it sees itself, by one policy; its advantages come from a critic of the
whole game's state (PettingZoo's `state()`), which is needed in training alone.

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.presets import ON_POLICY, SHAPED, Preset, Presets
from learner.bases.on_policy.central import CENTRAL_UNROLLS
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class MAPPOConfig(PPOConfig):
    """How MAPPO learns."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.magnet_cost:
            raise InvalidArgument(
                f"hyperparameters: magnet_cost = {self.magnet_cost:g} is for ppo; for mappo it "
                "should be 0"
            )


def build(start: Start[MAPPOConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.mappo.update import MAPPO

    return MAPPO(start)


ALGORITHM = Algorithm(
    name="mappo",
    presets=Presets(
        Preset(SHAPED, MAPPOConfig()),
        # After Yu et al. (2022, table 7): many epochs over few steps, values in units of their own.
        Preset(
            GameSettings(),
            MAPPOConfig(
                unroll_length=25,
                unrolls_per_batch=48,
                minibatch_size=400,
                epochs=10,
                learning_rate=7e-4,
                final_learning_rate=7e-5,
                discount=0.99,
            ),
            hidden=(64, 64),
            games=16,
            settings={**ON_POLICY, "normalize_rewards": True},
            ends=True,
        ),
    ),
    experience=CENTRAL_UNROLLS,
    build=build,
    head="actor-critic",
    units=True,
    central=True,
)
