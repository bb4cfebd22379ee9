"""A PettingZoo ParallelEnv as a game with a seat for each of its agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.environment import (
    GONE,
    RUNNING,
    TERMINATED,
    TRUNCATED,
    ByteArray,
    FloatArray,
)
from mazemesh.games.foreign.seat_writer import SeatWriter, checked_reward
from mazemesh.games.foreign.spaces import equal, numbered_actions


class PettingZooEnvironment:
    """An `Environment`.

    The game goes on until no agent is left. An agent has left when it was said to have terminated
    or to be truncated, or when it is no more among `agents`; it may come again, as another.
    """

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._agents = list(environment.possible_agents)
        if not self._agents:
            raise InvalidArgument("it has no possible_agents")
        self._spaces = _common_spaces(environment, self._agents)
        self._writer = SeatWriter(self._spaces[0], strict=strict)
        self._told: dict[Any, bool] = {}
        seen = self._writer.observing
        self._first = [numbered_actions(environment.action_space(a))[1] for a in self._agents]
        # Agents whose end was told, and who still stand among `agents`.
        self._ended: set[Any] = set()
        self.description = Description(
            seats=len(self._agents),
            num_actions=numbered_actions(self._spaces[1])[0],
            observation_shape=seen.shape,
            observation_size=seen.size,
            observation_dtype=seen.dtype.name,
            step_limit=0,
            reward_threshold=None,
            may_leave=len(self._agents) > 1,
            version=version,
            package=package,
        )

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """See `Environment`."""
        seen, infos = self._environment.reset(seed=seed)
        self._ended.clear()
        self._told = {}
        self._see(seen, infos, seat, observation, mask)

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
        playing = set(self._environment.agents)
        moves = {
            agent: self._first[index] + actions[seat[index]]
            for index, agent in enumerate(self._agents)
            if agent in playing
        }
        playing -= self._ended
        seen, earned, terminated, truncated, infos = self._environment.step(moves)
        self._see(seen, infos, seat, observation, mask)
        # An agent that has left is told about in its own last step.
        for agent, info in infos.items():
            if "is_success" in info:
                self._told[agent] = bool(info["is_success"])
        left = set(self._environment.agents)
        for index, agent in enumerate(self._agents):
            row = seat[index]
            if agent not in playing:
                reward[row], status[row] = 0.0, GONE
                continue
            reward[row] = checked_reward(earned.get(agent, 0.0), f"agent {agent}'s")
            if truncated.get(agent) and not terminated.get(agent):
                status[row] = TRUNCATED
            else:
                ended = terminated.get(agent) or agent not in left
                status[row] = TERMINATED if ended else RUNNING
            if status[row] != RUNNING:
                self._ended.add(agent)
        self._ended &= left
        return left == self._ended

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
            if agent not in seen or agent in self._ended:
                observation[row], mask[row] = 0, 1
                continue
            whose = f"agent {agent}'s"
            info = infos.get(agent, {})
            self._writer.see(seen[agent], info, observation[row], mask[row], whose)


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
