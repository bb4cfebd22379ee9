"""A game of several players as a PettingZoo parallel environment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.utils import seeding
from pettingzoo import ParallelEnv

from mazemesh.envs.rendering import RENDER_MODES, check_render_mode, draw
from mazemesh.envs.seeding import (
    EnvironmentState,
    draw_seeds,
    generator_state,
    set_generator_state,
)
from mazemesh.games import GameSettings, Purpose, get_game
from mazemesh.games.mazes.engine import BatchEngine

Observation = npt.NDArray[np.uint8]
Steps = tuple[
    dict[str, Observation],
    dict[str, float],
    dict[str, bool],
    dict[str, bool],
    dict[str, dict[str, Any]],
]


class MazeParallelEnv(ParallelEnv[str, Observation, int]):  # type: ignore[misc]  # PettingZoo is untyped
    """All players move at once; each episode is a new maze.

    Agents are "player_0", "player_1", ...; observations, actions and `info["action_mask"]` are as
    in `SoloEnv`. Who starts where rotates from episode to episode.
    """

    metadata = {  # noqa: RUF012
        "name": "mazemesh",
        "render_modes": RENDER_MODES,
        "render_fps": 4,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        game: str = "race",
        render_mode: str | None = None,
        purpose: Purpose = Purpose.TRAINING,
        **settings: Any,
    ) -> None:
        """Make the environment.

        Args:
            game: A name from `mazemesh.games.list_games`.
            render_mode: None, "ansi" or "rgb_array".
            purpose: Which of the disjoint ranges of mazes to draw from.
            settings: Fields of `GameSettings`.

        Raises:
            InvalidArgument: The game is unknown or a setting is out of range.
        """
        self.render_mode = check_render_mode(render_mode)
        self._purpose = purpose
        self._engine = BatchEngine(get_game(game), GameSettings(**settings), autoreset=False)
        spec = self._engine.spec
        self._rng, _ = seeding.np_random()
        self._episodes = 0
        self._actions = np.zeros((1, spec.seats), np.int8)
        self.possible_agents = [f"player_{seat}" for seat in range(spec.seats)]
        self.agents: list[str] = []
        self.observation_spaces = {
            agent: spaces.Box(0, 255, (spec.observation_size,), np.uint8)
            for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: spaces.Discrete(spec.num_actions) for agent in self.possible_agents
        }
        self.state_space = spaces.Box(0, 255, self._engine.global_state().shape[1:], np.uint8)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return the observation space of an agent, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return the action space of an agent, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin an episode in a new maze."""
        if seed is not None:
            self._rng, _ = seeding.np_random(seed)
            self._episodes = 0
        self._engine.reset(
            seed=draw_seeds(self._rng, self._purpose, 1),
            rotation=self._episodes % len(self.possible_agents),
        )
        self._episodes += 1
        self.agents = self.possible_agents[:]
        return self._observations(), self._infos()

    def step(self, actions: dict[str, int]) -> Steps:
        """Play a step with the actions of all agents."""
        engine, agents = self._engine, self.agents
        for seat, agent in enumerate(agents):
            self._actions[0, seat] = actions[agent]
        engine.step(self._actions)
        terminated, truncated = bool(engine.terminated[0]), bool(engine.truncated[0])
        result = (
            self._observations(),
            {agent: float(engine.reward[0, seat]) for seat, agent in enumerate(agents)},
            dict.fromkeys(agents, terminated),
            dict.fromkeys(agents, truncated),
            self._infos(),
        )
        if terminated or truncated:
            self.agents = []
        return result

    def get_state(self) -> EnvironmentState:
        """Return all that decides how it goes on, to come back here by `set_state`."""
        return EnvironmentState(
            self._engine.get_state(),
            generator_state(self._rng),
            self._episodes,
            tuple(self.agents),
        )

    def set_state(self, state: EnvironmentState) -> None:
        """Go on from a state of an environment of the same game and settings; shows nothing.

        What is seen there, and the masks, `observe` tells.

        Raises:
            InvalidArgument: It is of another game, or of other settings.
        """
        self._engine.set_state(state.engine)
        set_generator_state(self._rng, state.generator)
        self._episodes, self.agents = state.episodes, list(state.agents)

    def observe(self) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Return what is seen now, as `reset` returns it."""
        return self._observations(), self._infos()

    def state(self) -> Observation:
        """Return the whole maze for a central critic, see `BatchEngine.global_state`."""
        state: Observation = self._engine.global_state()[0].copy()
        return state

    def render(self) -> Any:
        """Return the maze as text ("ansi") or pixels ("rgb_array")."""
        return draw(self._engine, 0, self.render_mode)

    def close(self) -> None:
        """Nothing is held open."""

    def _observations(self) -> dict[str, Observation]:
        seen = self._engine.observation[0]
        return {agent: seen[seat].copy() for seat, agent in enumerate(self.agents)}

    def _infos(self) -> dict[str, dict[str, Any]]:
        mask = self._engine.action_mask[0].astype(np.int8)
        return {agent: {"action_mask": mask[seat]} for seat, agent in enumerate(self.agents)}


def parallel_env(**kwargs: Any) -> MazeParallelEnv:
    """Return a `MazeParallelEnv`; the name that PettingZoo's tools look for.

    ```pycon
    >>> from mazemesh.envs import parallel_env
    >>> race = parallel_env(game="race", width=5, height=5)
    >>> seen, infos = race.reset(seed=1)
    >>> seen, rewards, over, late, infos = race.step({agent: 0 for agent in race.agents})
    >>> sorted(rewards) == sorted(race.possible_agents)
    True

    ```
    """
    return MazeParallelEnv(**kwargs)
