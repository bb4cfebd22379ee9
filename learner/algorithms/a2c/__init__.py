"""Advantage actor-critic (Mnih et al. 2016, section 4), from actors that play on meanwhile.

A3C and A2C learn by the same formula. In A3C each of many workers computes gradients by its own,
somewhat older weights and adds them to the shared ones as they come; A2C lets all workers wait for
each other, so that every gradient is of the newest weights. Here actors only play, and one learner
computes all gradients, always by its newest weights: that is A2C's half. Actors do not wait for it,
so what they played may be of slightly older weights: that is A3C's half, and V-trace corrects it
(Espeholt et al. 2018), where A3C leaves it as it is. With `mazemesh up --deterministic` they wait;
then every ratio is 1, and this is A2C to the letter.

How it learns from a batch is in `update`, which needs torch; all else of it is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.presets import NORMALIZED, ON_POLICY, SHAPED, Preset, Presets
from learner.bases.bounds import Rows, Share, Steps, Updates
from learner.bases.on_policy.unrolls import UNROLLS, ActorCriticConfig
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


@dataclass(frozen=True)
class A2CConfig(ActorCriticConfig):
    """How A2C learns: short unrolls, each batch once, in one gradient step."""

    unroll_length: Steps = 8
    unrolls_per_batch: Rows = 64
    learning_rate: Share = 1e-3
    anneal_updates: Updates = 10_000
    trace: Share = 1.0


def build(start: Start[A2CConfig]) -> Learner:
    """Its learner."""
    from learner.algorithms.a2c.update import A2C

    return A2C(start)


ALGORITHM = Algorithm(
    name="a2c",
    presets=Presets(
        Preset(SHAPED, A2CConfig(entropy_cost=0.02)),
        Preset(
            GameSettings(),
            A2CConfig(unrolls_per_batch=32, discount=0.99),
            games=32,
            settings=ON_POLICY,
            ends=True,
        ),
        {
            "gymnasium:CartPole-v1": Preset(
                GameSettings(),
                A2CConfig(
                    unroll_length=8,
                    unrolls_per_batch=16,
                    learning_rate=3e-3,
                    final_learning_rate=3e-4,
                    anneal_updates=4_000,
                    discount=0.98,
                    trace=0.95,
                    entropy_cost=0.0,
                ),
                hidden=(64, 64),
                games=16,
                settings={**ON_POLICY, "activation": "tanh"},
                ends=True,
            ),
            **{
                game: Preset(
                    GameSettings(),
                    A2CConfig(
                        unroll_length=16,
                        unrolls_per_batch=16,
                        learning_rate=1e-3,
                        final_learning_rate=1e-4,
                        discount=discount,
                        trace=0.9,
                        entropy_cost=0.0,
                        noise_correlation=correlation,
                    ),
                    hidden=(64, 64),
                    games=16,
                    settings={**NORMALIZED, "activation": "tanh", "normalize_rewards": True},
                    ends=True,
                )
                # Nothing centres A2C's advantages: by a discount of 0.999 the values need most of
                # a small budget to learn what standing still costs, and until then every action
                # looks bad. White noise hardly ever reaches the top (see PPO's preset).
                for game, discount, correlation in (
                    ("gymnasium:Pendulum-v1", 0.9, 0.0),
                    ("gymnasium:MountainCarContinuous-v0", 0.99, 0.6),
                )
            },
        },
        {
            "gymnasium:ALE/": Preset(
                GameSettings(),
                A2CConfig(
                    unroll_length=5,
                    unrolls_per_batch=16,
                    learning_rate=7e-4,
                    final_learning_rate=7e-5,
                    anneal_updates=100_000,
                    discount=0.99,
                    value_cost=0.25,
                ),
                games=16,
                settings=ON_POLICY,
                ends=True,
            )
        },
    ),
    experience=UNROLLS,
    build=build,
    head="actor-critic",
    units=True,
    own_networks=True,
)
