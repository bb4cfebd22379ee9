"""A Gymnasium environment as a game of one seat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.environment import (
    RUNNING,
    TERMINATED,
    TRUNCATED,
    ByteArray,
    FloatArray,
)
from mazemesh.games.foreign.seat_writer import SeatWriter, checked_reward
from mazemesh.games.foreign.spaces import numbered_actions


class GymnasiumEnvironment:
    """An `Environment`."""

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._writer = SeatWriter(environment.observation_space, strict=strict)
        self._info: dict[str, Any] = {}
        seen = self._writer.observing
        actions, self._first = numbered_actions(environment.action_space)
        spec = environment.spec
        self.description = Description(
            seats=1,
            num_actions=actions,
            observation_shape=seen.shape,
            observation_size=seen.size,
            observation_dtype=seen.dtype.name,
            step_limit=(spec and spec.max_episode_steps) or 0,
            reward_threshold=spec.reward_threshold if spec else None,
            may_leave=False,
            version=version,
            package=package,
        )

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """See `Environment`."""
        seen, info = self._environment.reset(seed=seed)
        self._writer.see(seen, info, observation[0], mask[0])

    def step(
        self,
        actions: Sequence[int],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
        reward: FloatArray,
        status: ByteArray,
    ) -> bool:
        """See `Environment`."""
        action = self._first + actions[0]
        seen, earned, terminated, truncated, info = self._environment.step(action)
        checked = checked_reward(earned)
        self._writer.see(seen, info, observation[0], mask[0])
        self._info = info
        reward[0] = checked
        status[0] = TERMINATED if terminated else TRUNCATED if truncated else RUNNING
        return bool(status[0] != RUNNING)

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        told = self._info.get("is_success")
        return {} if told is None else {0: bool(told)}

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()
