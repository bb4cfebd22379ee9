"""Games as both sides play them, by ids that `gymnasium.make` finds through this module.

`ALE/BreakoutSeen-v0` is ALE's Breakout as Mnih et al. (2015) show it, in a cell called
`gymnasium:bench.algorithms.environments:ALE/BreakoutSeen-v0`; `ALE/BreakoutLives-v0` is what is
trained on: a lost life ends an episode, rewards are their signs.
`Rooms-v0` is MiniGrid's empty room of 5 x 5 cells as one vector.
"""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.wrappers import (
    AtariPreprocessing,
    FrameStackObservation,
    TransformObservation,
    TransformReward,
)


def breakout(*, lives: bool) -> gymnasium.Env[Any, Any]:
    """uint8 [84, 84, 4]: four grey frames, each of the last two of four."""
    import ale_py

    gymnasium.register_envs(ale_py)
    game = gymnasium.make("ALE/Breakout-v5", frameskip=1, repeat_action_probability=0.0)
    game = AtariPreprocessing(game, terminal_on_life_loss=lives)
    game = FrameStackObservation(game, 4)
    seen = gymnasium.spaces.Box(0, 255, (84, 84, 4), "uint8")
    game = TransformObservation(game, lambda frames: frames.transpose(1, 2, 0), seen)
    if not lives:
        return game
    return TransformReward(game, lambda reward: float((reward > 0) - (reward < 0)))


def rooms() -> gymnasium.Env[Any, Any]:
    """The cells that the agent sees and its mission, uint8 [2835]."""
    import minigrid
    from minigrid.wrappers import FlatObsWrapper

    assert minigrid
    return FlatObsWrapper(gymnasium.make("MiniGrid-Empty-5x5-v0"))


gymnasium.register("ALE/BreakoutSeen-v0", lambda: breakout(lives=False))
gymnasium.register("ALE/BreakoutLives-v0", lambda: breakout(lives=True))
gymnasium.register("Rooms-v0", rooms)
