"""A Gymnasium environment as a game of one seat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.environment import ByteArray, FloatArray
from mazemesh.games.foreign.spaces import numbered_actions, observing


class GymnasiumEnvironment:
    """An `Environment`. The mask is `info["action_mask"]`, or all ones."""

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._observing = observing(environment.observation_space)
        self._write = self._observing.writer()
        self._strict = strict
        self._info: dict[str, Any] = {}
        actions, self._first = numbered_actions(environment.action_space)
        spec = environment.spec
        self.description = Description(
            seats=1,
            num_actions=actions,
            observation_shape=self._observing.shape,
            observation_size=self._observing.size,
            observation_dtype=self._observing.dtype.name,
            step_limit=(spec and spec.max_episode_steps) or 0,
            reward_threshold=spec.reward_threshold if spec else None,
            version=version,
            package=package,
        )

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """See `Environment`."""
        seen, info = self._environment.reset(seed=seed)
        self._see(seen, info, observation[0], mask[0])

    def step(
        self,
        actions: Sequence[int],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
        reward: FloatArray,
    ) -> tuple[bool, bool]:
        """See `Environment`."""
        action = self._first + actions[0]
        seen, earned, terminated, truncated, info = self._environment.step(action)
        if not math.isfinite(earned):
            raise ValueError(f"its reward is {earned}, which is not finite")
        self._info = info
        self._see(seen, info, observation[0], mask[0])
        reward[0] = earned
        return bool(terminated), bool(truncated)

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        told = self._info.get("is_success")
        return {} if told is None else {0: bool(told)}

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()

    def _see(
        self, seen: Any, info: dict[str, Any], vector: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        if self._strict and not self._environment.observation_space.contains(seen):
            raise ValueError(f"its observation {seen!r} is not in its space")
        if self._observing.masked:
            mask[...] = seen["action_mask"]
            self._write(seen["observation"], vector)
            return
        legal = info.get("action_mask")
        mask[...] = 1 if legal is None else np.asarray(legal) != 0
        self._write(seen, vector)
