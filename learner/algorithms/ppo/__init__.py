"""Proximal policy optimization (Schulman et al. 2017).

How it learns from a batch is in `update`, which needs torch; what can be set is in `config`, which
recurrent PPO shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from learner.algorithms.algorithm import Algorithm, Start
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.presets import NORMALIZED, ON_POLICY, SHAPED, Preset, Presets
from learner.bases.on_policy.unrolls import UNROLLS
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings

if TYPE_CHECKING:
    from learner.bases.learner import Learner


def build(start: Start[PPOConfig]) -> Learner:
    """Its learner."""
    network = start.architecture, start.parameters
    if start.architecture.state_size:  # of earlier frames: whole unrolls are learned from
        from learner.algorithms.recurrent_ppo.update import RecurrentPPO

        if start.config.magnet_cost:
            raise InvalidArgument(
                f"hyperparameters: magnet_cost = {start.config.magnet_cost:g} is for policies that "
                "see one frame; with several it should be 0"
            )
        return RecurrentPPO(*network, start.config, start.place, start.seed, start.ranks)
    from learner.algorithms.ppo.update import PPO

    return PPO(*network, start.config, start.place, start.seed, start.ranks)


# Games of a board or of cards end soon and pay at the end, so nothing is discounted. They are many
# lines, all of which an opponent may play: the entropy's weight is high, so that none is forgotten
# (with 0.05 tic-tac-toe lost 16 of 200 greedy games against a perfect player, with 0.1 none).
BOARDS = Preset(
    GameSettings(),
    PPOConfig(
        unroll_length=16,
        unrolls_per_batch=128,
        minibatch_size=512,
        epochs=4,
        final_learning_rate=1e-4,
        anneal_updates=4_000,
        discount=1.0,
        entropy_cost=0.1,
    ),
    hidden=(256, 256),
    settings={"publish_steps": 2_000},
    shares=True,
)

# Of RL Baselines3 Zoo, which has them from Mnih et al. (2015) and Schulman et al. (2017). Pictures
# cost more to learn from than to play: fewer epochs than elsewhere.
ATARI = Preset(
    GameSettings(),
    PPOConfig(
        unroll_length=128,
        unrolls_per_batch=8,
        minibatch_size=256,
        epochs=4,
        learning_rate=2.5e-4,
        final_learning_rate=2.5e-5,
        anneal_updates=150_000,
        discount=0.99,
        clip=0.1,
    ),
    games=8,
    settings=ON_POLICY,
    ends=True,
)

ALGORITHM = Algorithm(
    name="ppo",
    presets=Presets(
        Preset(SHAPED, PPOConfig(entropy_cost=0.02)),
        # Most foreign games are far slower than mazes: fewer at once, and smaller batches.
        Preset(
            GameSettings(),
            PPOConfig(unrolls_per_batch=64, minibatch_size=256, epochs=6, discount=0.99),
            games=64,
            settings={"publish_steps": 2_000, "batches_ahead": 2},
            ends=True,
        ),
        # In race 0.01 won a little more than 0.02 at every stage (82 % and 81 % against
        # bot/wall-follower after 3.2 M agent steps); 256 units a layer or a discount of 0.97 did
        # not.
        {
            **{game: Preset(SHAPED, PPOConfig(entropy_cost=0.01)) for game in ("race", "solo")},
            # After RL Baselines3 Zoo, with more games and shorter unrolls: the mesh likes them.
            "gymnasium:CartPole-v1": Preset(
                GameSettings(),
                PPOConfig(
                    unroll_length=16,
                    unrolls_per_batch=16,
                    minibatch_size=256,
                    epochs=20,
                    learning_rate=1e-3,
                    final_learning_rate=1e-4,
                    anneal_updates=8_000,
                    discount=0.98,
                    trace=0.8,
                    entropy_cost=0.0,
                ),
                hidden=(64, 64),
                games=16,
                settings={**ON_POLICY, "activation": "tanh"},
                ends=True,
            ),
            "gymnasium:Pendulum-v1": Preset(
                GameSettings(),
                PPOConfig(
                    unroll_length=64,
                    unrolls_per_batch=16,
                    minibatch_size=128,
                    epochs=10,
                    learning_rate=1e-3,
                    final_learning_rate=3e-4,
                    anneal_updates=8_000,
                    discount=0.9,
                    entropy_cost=0.0,
                ),
                hidden=(64, 64),
                games=16,
                settings={**NORMALIZED, "activation": "tanh", "normalize_rewards": True},
                ends=True,
            ),
            # White noise reaches the top once in 36,000 steps, which a small budget seldom sees;
            # with 0.6 it is once in some 2,000. With 0.9 it is five times as often, but by what
            # noise does alone: the mean did not learn it.
            "gymnasium:MountainCarContinuous-v0": Preset(
                GameSettings(),
                PPOConfig(
                    unroll_length=64,
                    unrolls_per_batch=8,
                    minibatch_size=128,
                    epochs=10,
                    learning_rate=1e-3,
                    final_learning_rate=3e-4,
                    discount=0.999,
                    trace=0.9,
                    entropy_cost=0.005,
                    noise_correlation=0.6,
                ),
                hidden=(64, 64),
                games=8,
                settings={**NORMALIZED, "activation": "tanh", "normalize_rewards": True},
                ends=True,
            ),
        },
        {
            "pettingzoo:classic/": BOARDS,
            "pettingzoo:pettingzoo.classic.": BOARDS,
            "gymnasium:ALE/": ATARI,
        },
    ),
    experience=UNROLLS,
    build=build,
    head="actor-critic",
    units=True,
    rounds=True,
    fuses=True,
    frames=True,
    own_networks=True,
)
