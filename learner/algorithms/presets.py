"""What is known to work: game settings, network and algorithm for training each game."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from learner.algorithms.bounds import bounds, check_value
from learner.algorithms.configs import (
    Config,
    DQNConfig,
    ImpalaConfig,
    PPOConfig,
    R2D2Config,
    RecurrentPPOConfig,
)
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings
from mazemesh.games.registry import is_own

AlgorithmName = Literal["ppo", "recurrent-ppo", "impala", "dqn", "r2d2"]


@dataclass(frozen=True)
class Preset:
    """Where a run starts from, before its own settings.

    Attributes:
        game_settings: Of training; the shaping is what the maze's distance adds to the reward.
        config: Of the algorithm.
        hidden: Widths of the network's hidden layers.
    """

    game_settings: GameSettings
    config: Config
    hidden: tuple[int, ...] = (128, 128)


# A step towards the exit earns its share of the way, whatever the learner's discount: the shaping's
# own is 1, the learner's lower. So optimal policies of the shaped game need not be those of the
# game, which one discount for both would promise, but it is learned much sooner (docs/adr/0098).
SHAPED = GameSettings(shaping=1.0, shaping_discount=1.0)

# A game without a line of its own trains like race: most games have opponents.
_ANY_GAME: dict[str, Preset] = {
    "ppo": Preset(SHAPED, PPOConfig(entropy_cost=0.02)),
    "recurrent-ppo": Preset(SHAPED, RecurrentPPOConfig(entropy_cost=0.02), hidden=(128,)),
    "impala": Preset(SHAPED, ImpalaConfig(entropy_cost=0.02)),
    "dqn": Preset(SHAPED, DQNConfig()),
    "r2d2": Preset(SHAPED, R2D2Config(), hidden=(128,)),
}
_PRESETS: dict[tuple[str, str], Preset] = {
    # In race 0.01 won a little more than 0.02 at every stage (82 % and 81 % against
    # bot/wall-follower after 3.2 M agent steps); 256 units a layer or a discount of 0.97 did not.
    ("race", "ppo"): Preset(SHAPED, PPOConfig(entropy_cost=0.01)),
    ("solo", "ppo"): Preset(SHAPED, PPOConfig(entropy_cost=0.01)),
}


# Of a foreign game nothing is known: neither distances to shape by, nor how far ahead rewards lie.
_FOREIGN: dict[str, Preset] = {
    "ppo": Preset(GameSettings(), PPOConfig(discount=0.99)),
    "recurrent-ppo": Preset(GameSettings(), RecurrentPPOConfig(discount=0.99), hidden=(128,)),
    "impala": Preset(GameSettings(), ImpalaConfig(discount=0.99)),
    "dqn": Preset(GameSettings(), DQNConfig(discount=0.99)),
    "r2d2": Preset(GameSettings(), R2D2Config(discount=0.99), hidden=(128,)),
}


def preset(game: str, algorithm: AlgorithmName) -> Preset:
    """The preset for a game and an algorithm."""
    if not is_own(game):
        return _FOREIGN[algorithm]
    return _PRESETS.get((game, algorithm), _ANY_GAME[algorithm])


def override(config: Config, values: Mapping[str, float]) -> Config:
    """The config with some fields set otherwise.

    Raises:
        InvalidArgument: no such field, a value beyond its bounds, a fraction where a whole number
            belongs, or values that do not go together.
    """
    within = bounds(type(config))
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in within:
            raise InvalidArgument(
                f"hyperparameters: {name!r} is unknown; there are {', '.join(sorted(within))}"
            )
        whole = isinstance(getattr(config, name), int)
        check_value(name, value, within[name], whole=whole)
        changes[name] = int(value) if whole else float(value)
    return dataclasses.replace(config, **changes)
