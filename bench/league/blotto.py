"""Colonel Blotto: both send soldiers to three fields at once; who has more on more fields wins.

Borel 1921. Whatever one sends, something beats it, so there is no best way to play but a mixture of
ways, and self-play against the newest version runs after itself: the smallest game of its kind
whose equilibrium is not what an untrained policy plays.
"""

from __future__ import annotations

from itertools import product
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

SOLDIERS = 5
FIELDS = 3

WAYS = tuple(way for way in product(range(SOLDIERS + 1), repeat=FIELDS) if sum(way) == SOLDIERS)
"""Ways to send them, by action: 21."""


def won(way: tuple[int, ...], other: tuple[int, ...]) -> int:
    """1 when the first wins, -1 when the other does, 0 when they are level."""
    fields = sum((one > two) - (one < two) for one, two in zip(way, other, strict=True))
    return (fields > 0) - (fields < 0)


PAYOFFS: NDArray[np.int8] = np.array([[won(one, two) for two in WAYS] for one in WAYS], np.int8)
"""What the row's way earns against the column's [21, 21]."""


class Blotto(ParallelEnv[str, Any, Any]):
    """One move each; nothing is to be seen."""

    metadata: ClassVar[dict[str, Any]] = {"name": "blotto"}

    def __init__(self) -> None:
        self.possible_agents = ["first", "second"]
        self.agents: list[str] = []
        self._space = spaces.Discrete(len(WAYS))
        self._nothing = spaces.Box(0.0, 1.0, (1,), np.float32)
        self._seen = {agent: np.zeros(1, np.float32) for agent in self.possible_agents}

    def observation_space(self, agent: str) -> Any:
        """A number that is always 0."""
        return self._nothing

    def action_space(self, agent: str) -> Any:
        """A way."""
        return self._space

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        """Nothing is drawn."""
        self.agents = list(self.possible_agents)
        return self._seen, {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> Any:
        """The game is over after it."""
        earned = float(PAYOFFS[actions["first"], actions["second"]])
        players, self.agents = self.agents, []
        return (
            self._seen,
            {"first": earned, "second": -earned},
            dict.fromkeys(players, True),
            dict.fromkeys(players, False),
            {agent: {} for agent in players},
        )


def game() -> Blotto:
    """The game, as mazemesh is told of it: `pettingzoo:bench.league.blotto:game`."""
    return Blotto()
