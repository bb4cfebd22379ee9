"""Many solo games as a Gymnasium vector environment, all stepped in one compiled call."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from mazemesh.envs.rendering import RENDER_MODES, check_render_mode, draw
from mazemesh.envs.seeding import (
    EnvironmentState,
    draw_seeds,
    generator_state,
    set_generator_state,
)
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, Purpose, get_game
from mazemesh.games.mazes.engine import BatchEngine

Observations = npt.NDArray[np.uint8]
Actions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class SoloVectorEnv(VectorEnv[Observations, Actions, Any]):
    """`num_envs` games of `SoloEnv`. A finished one begins its next episode in the same step.

    `info["action_mask"]` is int8 [num_envs, 5]. Where an episode ended, `info["final_obs"]` (uint8
    [num_envs, size]) holds its last observation and `info["episode"]` its return "r", length "l"
    and score "score"; `info["_final_obs"]` and `info["_episode"]` say where that is.
    """

    metadata = {  # noqa: RUF012
        "render_modes": RENDER_MODES,
        "render_fps": 4,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        purpose: Purpose = Purpose.TRAINING,
        **settings: Any,
    ) -> None:
        """Make the environments; see `SoloEnv` for the arguments."""
        self.num_envs = num_envs
        self.render_mode = check_render_mode(render_mode)
        self._purpose = purpose
        self._engine = BatchEngine(get_game("solo"), GameSettings(**settings), num_envs)
        shape = (self._engine.spec.observation_size,)
        self.single_observation_space = spaces.Box(0, 255, shape, np.uint8)
        self.single_action_space = spaces.Discrete(self._engine.spec.num_actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, dict[str, Any]]:
        """Begin new episodes; a list of seeds gives each environment its own.

        `options["reset_mask"]` (bool [num_envs]) leaves the others as they are.

        Raises:
            InvalidArgument: Seeds or mask have another length than the environments.
        """
        if isinstance(seed, list):
            if len(seed) != self.num_envs:
                raise InvalidArgument(f"seed: {len(seed)} seeds should be {self.num_envs}")
            drawn = [draw_seeds(np.random.default_rng(one), self._purpose, 1)[0] for one in seed]
            maze_seeds = np.array(drawn, np.uint64)
        else:
            super().reset(seed=seed)
            maze_seeds = draw_seeds(self.np_random, self._purpose, self.num_envs)
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_))
        if np.shape(mask) != (self.num_envs,):
            raise InvalidArgument(f"reset_mask: {np.shape(mask)} should be ({self.num_envs},)")
        self._engine.reset(np.flatnonzero(mask), seed=maze_seeds[mask])
        return self._engine.observation[:, 0].copy(), self._info()

    def step(
        self, actions: Actions
    ) -> tuple[Observations, npt.NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """Play a step in every environment."""
        engine = self._engine
        engine.step(np.asarray(actions, np.int8).reshape(self.num_envs, 1))
        info = self._info()
        ended = engine.terminated | engine.truncated
        if ended.any():
            info["final_obs"] = engine.final_observation[:, 0].copy()
            info["_final_obs"] = ended
            info["episode"] = {
                "r": engine.episode_return[:, 0].copy(),
                "l": engine.episode_steps.copy(),
                "score": engine.score[:, 0].copy(),
            }
            info["_episode"] = ended
        return (
            engine.observation[:, 0].copy(),
            engine.reward[:, 0].astype(np.float64),
            engine.terminated.copy(),
            engine.truncated.copy(),
            info,
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

    def observe(self) -> tuple[Observations, dict[str, Any]]:
        """Return what is seen now, as `reset` returns it."""
        return self._engine.observation[:, 0].copy(), self._info()

    def render(self) -> Any:
        """Return the drawings of all environments, or None without a render mode."""
        if self.render_mode is None:
            return None
        return tuple(draw(self._engine, game, self.render_mode) for game in range(self.num_envs))

    def _info(self) -> dict[str, Any]:
        mask = self._engine.action_mask[:, 0].astype(np.int8)
        return {"action_mask": mask, "_action_mask": np.ones(self.num_envs, np.bool_)}
