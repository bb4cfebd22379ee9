"""A PettingZoo ParallelEnv as a game with a seat for each of its agents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.environment import ByteArray, FloatArray
from mazemesh.games.foreign.spaces import equal, numbered_actions, observing


class PettingZooEnvironment:
    """An `Environment`.

    Masks are `info["action_mask"]` or part of the observation, else all ones. The game goes on
    until no agent is left; it is truncated if the last ones were, and terminated otherwise.
    """

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._agents = list(environment.possible_agents)
        if not self._agents:
            raise InvalidArgument("it has no possible_agents")
        self._spaces = _common_spaces(environment, self._agents)
        self._observing = observing(self._spaces[0])
        self._write = self._observing.writer()
        self._strict = strict
        self._told: dict[Any, bool] = {}
        self._first = [numbered_actions(environment.action_space(a))[1] for a in self._agents]
        self.description = Description(
            seats=len(self._agents),
            num_actions=numbered_actions(self._spaces[1])[0],
            observation_shape=self._observing.shape,
            observation_size=self._observing.size,
            observation_dtype=self._observing.dtype.name,
            step_limit=0,
            reward_threshold=None,
            version=version,
            package=package,
        )

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """See `Environment`."""
        seen, infos = self._environment.reset(seed=seed)
        self._told = {}
        self._see(seen, infos, seat, observation, mask)

    def step(
        self,
        actions: Sequence[int],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
        reward: FloatArray,
    ) -> tuple[bool, bool]:
        """See `Environment`."""
        alive = set(self._environment.agents)
        moves = {
            agent: self._first[index] + actions[seat[index]]
            for index, agent in enumerate(self._agents)
            if agent in alive
        }
        seen, earned, terminated, truncated, infos = self._environment.step(moves)
        self._see(seen, infos, seat, observation, mask)
        # An agent that has left is told about in its own last step.
        for agent, info in infos.items():
            if "is_success" in info:
                self._told[agent] = bool(info["is_success"])
        for index, agent in enumerate(self._agents):
            value = float(earned.get(agent, 0.0))
            if not math.isfinite(value):
                raise ValueError(f"the reward of {agent} is {value}, which is not finite")
            reward[seat[index]] = value
        if self._environment.agents and not all(
            terminated.get(agent) or truncated.get(agent) for agent in self._environment.agents
        ):
            return False, False
        cut = all(truncated.get(agent, False) for agent in moves)
        return not cut, cut

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        return {
            seat[index]: self._told[agent]
            for index, agent in enumerate(self._agents)
            if agent in self._told
        }

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()

    def _see(
        self,
        seen: dict[Any, Any],
        infos: dict[Any, Any],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
    ) -> None:
        for index, agent in enumerate(self._agents):
            row = seat[index]
            if agent not in seen:
                observation[row], mask[row] = 0, 1
                continue
            value = seen[agent]
            if self._strict and not self._environment.observation_space(agent).contains(value):
                raise ValueError(f"the observation {value!r} of {agent} is not in its space")
            legal = infos.get(agent, {}).get("action_mask")
            if self._observing.masked:
                value, legal = value["observation"], value["action_mask"]
            # Some environments mask everything for an agent that has just left.
            mask[row] = 1 if legal is None or not np.any(legal) else np.asarray(legal) != 0
            self._write(value, observation[row])


def _common_spaces(environment: Any, agents: Sequence[Any]) -> tuple[Any, Any]:
    """The spaces of observations and actions that all agents share."""
    first = environment.observation_space(agents[0]), environment.action_space(agents[0])
    for agent in agents[1:]:
        for space, common in zip(
            (environment.observation_space(agent), environment.action_space(agent)),
            first,
            strict=True,
        ):
            if not equal(space, common):
                raise InvalidArgument(
                    f"agents {agents[0]} and {agent} differ in their spaces ({common} and "
                    f"{space}); all seats of a game should be alike, as one policy may hold any"
                )
    return first
