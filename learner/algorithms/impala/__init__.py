"""IMPALA (Espeholt et al. 2018).

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import SHAPED, Preset, Presets
from learner.bases.bounds import Rows, Updates
from learner.bases.on_policy.unrolls import UNROLLS, ActorCriticConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class ImpalaConfig(ActorCriticConfig):
    """How IMPALA learns: every batch once, in one gradient step."""

    unrolls_per_batch: Rows = 32
    anneal_updates: Updates = 10_000


def build(start: Start[ImpalaConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.impala.update import Impala

    network = start.architecture, start.parameters
    return Impala(*network, start.config, start.place, start.ranks)


ALGORITHM = Algorithm(
    name="impala",
    presets=Presets(
        Preset(SHAPED, ImpalaConfig(entropy_cost=0.02)),
        Preset(GameSettings(), ImpalaConfig(discount=0.99)),
    ),
    experience=UNROLLS,
    build=build,
    head="actor-critic",
    units=True,
    own_networks=True,
)
