"""Overcooked-AI (Carroll et al. 2019) as a ParallelEnv: two cooks, one kitchen, one reward.

`pettingzoo:mazemesh.games.foreign.overcooked?layout=cramped_room`; the package is
`overcooked`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

_LARGEST = 255
"""Of a cell: layers are flags, and counts of seconds that a soup cooks."""


class Overcooked(ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # PettingZoo is untyped
    """Cooks see all layers of the kitchen from their own side, uint8 [width, height, layers].

    Actions: north, south, east, west, stay, interact. Both earn what is delivered, and with
    `shaped` what each did towards it.

    Args:
        layout: Name of a kitchen of the package.
        horizon: Steps of an episode.
        shaped: Whether placing, cooking and picking up earn too.
    """

    metadata = {"name": "overcooked"}  # noqa: RUF012 as PettingZoo has it

    def __init__(
        self, layout: str = "cramped_room", horizon: int = 400, shaped: bool = True
    ) -> None:
        from overcooked import Action, OvercookedEnv, OvercookedGridworld

        self._actions = Action.ALL_ACTIONS
        self._kitchen = OvercookedGridworld.from_layout_name(layout)
        self._game = OvercookedEnv.from_mdp(self._kitchen, horizon=horizon)
        self._shaped = shaped
        self.possible_agents = [f"cook_{index}" for index in range(self._kitchen.num_players)]
        self.agents: list[str] = []
        shape = tuple(map(int, self._kitchen.lossless_state_encoding_shape))
        self._space = spaces.Box(0, _LARGEST, shape, np.uint8)
        self._choices = spaces.Discrete(len(self._actions))

    def observation_space(self, agent: str) -> Any:
        """What a cook sees."""
        return self._space

    def action_space(self, agent: str) -> Any:
        """What a cook does."""
        return self._choices

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        """Begins; nothing is left to chance."""
        self._game.reset()
        self.agents = list(self.possible_agents)
        return self._see(), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> Any:
        """Plays one step."""
        chosen = [self._actions[int(actions[agent])] for agent in self.possible_agents]
        _, delivered, done, info = self._game.step(chosen)
        towards = info["shaped_r_by_agent"] if self._shaped else [0] * len(chosen)
        players = list(self.agents)
        rewards = {
            agent: float(delivered + own) for agent, own in zip(players, towards, strict=True)
        }
        # A kitchen ends by its horizon alone.
        cut = dict.fromkeys(players, bool(done))
        seen = self._see()
        if done:
            self.agents = []
        return seen, rewards, dict.fromkeys(players, False), cut, {a: {} for a in players}

    def close(self) -> None:
        """Nothing is held."""

    def _see(self) -> dict[str, Any]:
        layers = self._kitchen.lossless_state_encoding(self._game.state)
        return {
            agent: np.clip(own, 0, _LARGEST).astype(np.uint8)
            for agent, own in zip(self.possible_agents, layers, strict=True)
        }


parallel_env = Overcooked
