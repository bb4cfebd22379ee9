"""Games as both sides play them, by ids that `gymnasium.make` finds through this module.

`ALE/BreakoutSeen-v0` is ALE's Breakout as Mnih et al. (2015) show it, in a cell called
`gymnasium:bench.algorithms.environments:ALE/BreakoutSeen-v0`; `ALE/BreakoutLives-v0` is what is
trained on: a lost life ends an episode, rewards are their signs. A life begins with the button that
serves the ball: else a greedy policy that never presses it plays on for half an hour of game time.
`Rooms-v0` is MiniGrid's empty room of 5 x 5 cells as one vector.
"""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium
from gymnasium.wrappers import (
    AtariPreprocessing,
    FrameStackObservation,
    TransformObservation,
    TransformReward,
)


class Served(gymnasium.Wrapper[Any, Any, Any, Any]):
    """The first frames of each life press FIRE, whatever was chosen."""

    FIRE, FRAMES = 1, 8

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """A new game, the ball not served yet."""
        self._left, self._lives = self.FRAMES, 0
        return super().reset(**options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """A frame."""
        serving, self._left = self._left > 0, max(0, self._left - 1)
        told = super().step(self.FIRE if serving else action)
        lives = told[4]["lives"]
        if lives < self._lives:
            self._left = self.FRAMES
        self._lives = lives
        return told


def breakout(*, lives: bool) -> gymnasium.Env[Any, Any]:
    """uint8 [84, 84, 4]: four grey frames, each of the last two of four."""
    import ale_py

    gymnasium.register_envs(ale_py)
    game = gymnasium.make("ALE/Breakout-v5", frameskip=1, repeat_action_probability=0.0)
    game = AtariPreprocessing(Served(game), terminal_on_life_loss=lives)
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
