"""A Gymnasium environment as a game of one seat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.environments.environment import RUNNING, TERMINATED, TRUNCATED
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.rows import BoolArray, Rows
from mazemesh.games.foreign.seats.seat_writer import SeatWriter, checked_reward
from mazemesh.games.spaces.arrays import action_dtype


class GymnasiumEnvironment:
    """An `Environment`.

    A reward that is a vector, as MO-Gymnasium has it, is added up by `weights`; unless told, all
    count the same and together 1.
    """

    def __init__(
        self,
        environment: Any,
        version: int,
        package: str,
        *,
        strict: bool,
        weights: Sequence[float] | None = None,
    ) -> None:
        self._environment = environment
        self._writer = writer = SeatWriter(
            environment.observation_space, environment.action_space, strict=strict
        )
        self._fields = action_dtype(writer.actions.space).names or ()
        self._weights = _weights(environment, weights)
        self._info: dict[str, Any] = {}
        # The Arcade Learning Environment loads its ROM anew for a seed.
        self.slow_to_seed = hasattr(environment.unwrapped, "ale")
        spec = environment.spec
        self.description = Description(
            agents=("",),
            observation_space=writer.observations.space,
            action_space=writer.actions.space,
            step_limit=(spec and spec.max_episode_steps) or 0,
            reward_threshold=spec.reward_threshold if spec else None,
            version=version,
            package=package,
        )

    def reset(self, seed: int | None, seat: Sequence[int], rows: Rows) -> None:
        """See `Environment`."""
        seen, info = self._environment.reset(seed=seed)
        self._info = {}
        self._writer.see(seen, info, rows, 0)

    def step(self, actions: Sequence[Any], seat: Sequence[int], rows: Rows) -> bool:
        """See `Environment`."""
        action = taken_apart(actions[0], self._fields)
        seen, earned, terminated, truncated, info = self._environment.step(
            self._writer.actions.join(action)
        )
        if self._weights is not None and np.ndim(earned):  # a wrapper may have added them up
            earned = self._weights @ np.asarray(earned, np.float64)
        checked = checked_reward(earned)
        self._writer.see(seen, info, rows, 0)
        self._info = info
        rows.reward[0] = checked
        rows.status[0] = TERMINATED if terminated else TRUNCATED if truncated else RUNNING
        return bool(terminated or truncated)

    def cut_off(self, seat: Sequence[int], rows: Rows) -> None:
        """All is told already."""

    def present(self, seat: Sequence[int]) -> BoolArray:
        """See `Environment`."""
        return np.ones(1, np.bool_)

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        told = self._info.get("is_success")
        return {} if told is None else {0: bool(told)}

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()


def _weights(environment: Any, told: Sequence[float] | None) -> npt.NDArray[np.float64] | None:
    """How the parts of a reward are added up; None where it is a number.

    Raises:
        InvalidArgument: they are not as many as the reward has parts.
    """
    space = getattr(environment.unwrapped, "reward_space", None)
    parts = int(np.prod(space.shape)) if space is not None and space.shape else 0
    if not parts and told is None:
        return None
    weights = np.full(parts, 1 / max(parts, 1)) if told is None else np.array(told, np.float64)
    if weights.shape != (parts,) or not np.isfinite(weights).all():
        raise InvalidArgument(f"reward_weights: {told}; its reward has {parts} parts")
    return weights


def taken_apart(action: Any, fields: Sequence[str]) -> Any:
    """The values of an action's columns, in order, an iterator."""
    return iter([action[name] for name in fields] if fields else (action,))
