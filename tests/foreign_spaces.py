"""Tiny games of every kind of space, whose optimal play is known; episodes of eight steps."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

STEPS = 8


class _Short(gymnasium.Env[Any, Any]):
    """A new state in every step; what one earns depends on state and action alone."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return self._show(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = self._earned(action)
        self.steps += 1
        return self._show(), reward, self.steps == STEPS, False, {}

    def _show(self) -> Any:
        raise NotImplementedError

    def _earned(self, action: Any) -> float:
        raise NotImplementedError


class Reach(_Short):
    """A box of two numbers is to be put where a box and a choice say; best 0, at random about -1.3."""

    def __init__(self) -> None:
        self.observation_space = spaces.Dict(
            {"place": spaces.Box(-1.0, 1.0, (1,), np.float32), "side": spaces.Discrete(2)}
        )
        self.action_space = spaces.Box(
            np.array([-2.0, 0.0]), np.array([2.0, 10.0]), dtype=np.float32
        )

    def _show(self) -> Any:
        self.place = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        self.side = int(self.np_random.integers(2))
        return {"place": self.place, "side": self.side}

    def _earned(self, action: Any) -> float:
        wanted = np.array([self.place[0], 2.0 + 6.0 * self.side])
        apart = (np.asarray(action) - wanted) / np.array([2.0, 5.0])
        return -float(np.square(apart).sum())


class Lights(_Short):
    """Two choices are to be those that are shown; best 2, at random 1/3 + 1/4."""

    def __init__(self) -> None:
        self.observation_space = spaces.MultiDiscrete([3, 4])
        self.action_space = spaces.MultiDiscrete([3, 4])

    def _show(self) -> Any:
        self.wanted = self.np_random.integers([3, 4]).astype(np.int64)
        return self.wanted

    def _earned(self, action: Any) -> float:
        return float((np.asarray(action) == self.wanted).sum())


class Keys(_Short):
    """A dict of actions: a move, two switches and a number, by a tuple of observations; best 3."""

    def __init__(self) -> None:
        self.observation_space = spaces.Tuple(
            (spaces.Discrete(3, start=5), spaces.MultiBinary(2), spaces.Box(0.0, 1.0, ()))
        )
        self.action_space = spaces.Dict(
            {
                "move": spaces.Discrete(3),
                "keys": spaces.MultiBinary(2),
                "turn": spaces.Box(0.0, 1.0, (1,)),
            }
        )

    def _show(self) -> Any:
        self.move = int(self.np_random.integers(3))
        self.keys = self.np_random.integers(0, 2, 2).astype(np.int8)
        self.turn = np.float32(self.np_random.uniform())
        return self.move + 5, self.keys, np.array(self.turn, np.float32)

    def _earned(self, action: Any) -> float:
        right = float(action["move"] == self.move)
        right += float((np.asarray(action["keys"]) == self.keys).mean())
        return right + 1.0 - abs(float(action["turn"][0]) - float(self.turn))


class Spot(_Short):
    """Which quarter of a picture is bright; best 1, at random 1/4."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 255, (12, 12, 1), np.uint8)
        self.action_space = spaces.Discrete(4)

    def _show(self) -> Any:
        picture = self.np_random.integers(0, 120, (12, 12, 1)).astype(np.uint8)
        self.quarter = int(self.np_random.integers(4))
        row, column = divmod(self.quarter, 2)
        picture[6 * row : 6 * row + 6, 6 * column : 6 * column + 6] += 100
        return picture

    def _earned(self, action: Any) -> float:
        return float(int(action) == self.quarter)


class Before(_Short):
    """The number that was shown a step before; nothing but memory or frames can tell. Best 1."""

    def __init__(self) -> None:
        self.observation_space = spaces.Discrete(3)
        self.action_space = spaces.Discrete(3)
        self.now = 0

    def _show(self) -> Any:
        self.before = self.now if self.steps else 0
        self.now = int(self.np_random.integers(3))
        return self.now

    def _earned(self, action: Any) -> float:
        return float(int(action) == self.before)
