"""What is known to work: settings of training for each game and algorithm."""

from __future__ import annotations

from dataclasses import dataclass

from learner.architecture import Architecture
from learner.ppo import PPOConfig
from mazemesh.games import GameSettings


@dataclass(frozen=True)
class Preset:
    """Game settings of training, network, and algorithm."""

    settings: GameSettings
    ppo: PPOConfig
    hidden: tuple[int, ...] = (128, 128)


def preset(game: str, algorithm: str) -> Preset:
    entropy = 0.01 if game == "solo" else 0.05
    return Preset(GameSettings(shaping=1.0), PPOConfig(entropy_cost=entropy))


def architecture_of(chosen: Preset, observation_size: int, num_actions: int) -> Architecture:
    return Architecture("actor-critic", observation_size, num_actions, chosen.hidden)
