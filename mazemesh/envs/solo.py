"""The solo game as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

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


class SoloEnv(gymnasium.Env[Observation, np.int64]):
    """One player looks for the exit of a maze, a new one each episode.

    Observations are uint8 [observation_size] (`mazemesh.games.spec.observation_layout`), actions 0
    stay, 1 north, 2 east, 3 south, 4 west; `info["action_mask"]` (int8 [5]) says which are legal,
    an illegal one counts as stay. `env.reset(seed=...)` fixes the mazes from there on.

    ```pycon
    >>> from mazemesh.envs import SoloEnv
    >>> maze = SoloEnv(width=5, height=5)
    >>> seen, info = maze.reset(seed=1)
    >>> seen, reward, solved, late, info = maze.step(int(info["action_mask"].nonzero()[0][-1]))
    >>> maze.observation_space.contains(seen)
    True

    ```
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        render_mode: str | None = None,
        purpose: Purpose = Purpose.TRAINING,
        **settings: Any,
    ) -> None:
        """Make the environment.

        Args:
            render_mode: None, "ansi" or "rgb_array".
            purpose: Which of the disjoint ranges of mazes to draw from.
            settings: Fields of `GameSettings`.

        Raises:
            InvalidArgument: A setting is out of range.
        """
        self.render_mode = check_render_mode(render_mode)
        self._purpose = purpose
        self._engine = BatchEngine(get_game("solo"), GameSettings(**settings), autoreset=False)
        self._action = np.zeros((1, 1), np.int8)
        shape = (self._engine.spec.observation_size,)
        self.observation_space = spaces.Box(0, 255, shape, np.uint8)
        self.action_space = spaces.Discrete(self._engine.spec.num_actions)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in a new maze."""
        super().reset(seed=seed)
        self._engine.reset(seed=draw_seeds(self.np_random, self._purpose, 1))
        return self._engine.observation[0, 0].copy(), self._info()

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play a step."""
        engine = self._engine
        self._action[0, 0] = action
        engine.step(self._action)
        return (
            engine.observation[0, 0].copy(),
            float(engine.reward[0, 0]),
            bool(engine.terminated[0]),
            bool(engine.truncated[0]),
            self._info(),
        )

    def get_state(self) -> EnvironmentState:
        """Return all that decides how it goes on, to come back here by `set_state`."""
        return EnvironmentState(self._engine.get_state(), generator_state(self.np_random))

    def set_state(self, state: EnvironmentState) -> None:
        """Go on from a state of an environment of the same settings; shows nothing.

        What is seen there, and its mask, `observe` tells.

        Raises:
            InvalidArgument: It is of other settings.
        """
        self._engine.set_state(state.engine)
        set_generator_state(self.np_random, state.generator)

    def observe(self) -> tuple[Observation, dict[str, Any]]:
        """Return what is seen now, as `reset` returns it."""
        return self._engine.observation[0, 0].copy(), self._info()

    def render(self) -> Any:
        """Return the maze as text ("ansi") or pixels ("rgb_array")."""
        return draw(self._engine, 0, self.render_mode)

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._engine.action_mask[0, 0].astype(np.int8)}
