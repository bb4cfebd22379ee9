"""A PettingZoo ParallelEnv as a game with a seat for each of its agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mazemesh.games.foreign.environments.agents import agents_of
from mazemesh.games.foreign.environments.environment import GONE, RUNNING, TERMINATED, TRUNCATED
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.rows import BoolArray, Rows
from mazemesh.games.foreign.seats.seat_writer import checked_reward
from mazemesh.games.foreign.seats.whole_state import WholeState


class ParallelEnvironment:
    """An `Environment`.

    The game goes on until no agent is left. An agent has left when it was said to have terminated
    or to be truncated, or when it is no more among `agents`; it may come again, as another.
    """

    slow_to_seed = False

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._agents = agents_of(environment, strict=strict)
        self._state = WholeState(environment)
        self._told: dict[Any, bool] = {}
        # Agents whose end was told, and who still stand among `agents`.
        self._ended: set[Any] = set()
        several = len(self._agents.all) > 1
        self.description = Description(
            agents=self._agents.names,
            observation_space=self._agents.observation_space,
            action_space=self._agents.action_space,
            state_space=self._state.space,
            may_leave=several,
            may_wait=several,
            version=version,
            package=package,
        )

    def reset(self, seed: int | None, seat: Sequence[int], rows: Rows) -> None:
        """See `Environment`."""
        seen, infos = self._environment.reset(seed=seed)
        self._ended.clear()
        self._told = {}
        self._see(seen, infos, seat, rows)

    def step(self, actions: Sequence[Any], seat: Sequence[int], rows: Rows) -> bool:
        """See `Environment`."""
        playing = set(self._environment.agents)
        moves = {
            agent.name: agent.action(actions[row])
            for agent, row in zip(self._agents.all, seat, strict=True)
            if agent.name in playing
        }
        playing -= self._ended
        seen, earned, terminated, truncated, infos = self._environment.step(moves)
        # An agent that has left is told about in its own last step.
        for name, info in infos.items():
            if "is_success" in info:
                self._told[name] = bool(info["is_success"])
        left = set(self._environment.agents)
        self._ended &= left
        before = self._ended.copy()
        for agent, row in zip(self._agents.all, seat, strict=True):
            if agent.name not in playing:
                rows.reward[row], rows.status[row] = 0.0, GONE
                continue
            rows.reward[row] = checked_reward(earned.get(agent.name, 0.0), agent.whose)
            if truncated.get(agent.name) and not terminated.get(agent.name):
                rows.status[row] = TRUNCATED
            else:
                ended = terminated.get(agent.name) or agent.name not in left
                rows.status[row] = TERMINATED if ended else RUNNING
            if rows.status[row] != RUNNING and agent.name in left:
                self._ended.add(agent.name)
        self._see(seen, infos, seat, rows, before)
        return left == self._ended

    def cut_off(self, seat: Sequence[int], rows: Rows) -> None:
        """All is told already."""

    def present(self, seat: Sequence[int]) -> BoolArray:
        """See `Environment`."""
        there = set(self._environment.agents) - self._ended
        present = np.zeros(len(seat), np.bool_)
        for agent, row in zip(self._agents.all, seat, strict=True):
            present[row] = agent.name in there
        return present

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        return {
            row: self._told[agent.name]
            for agent, row in zip(self._agents.all, seat, strict=True)
            if agent.name in self._told
        }

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()

    def _see(
        self,
        seen: dict[Any, Any],
        infos: dict[Any, Any],
        seat: Sequence[int],
        rows: Rows,
        blind: set[Any] | frozenset[Any] = frozenset(),
    ) -> None:
        """Shows agents what they see, but to those who had ended before."""
        acting = set(self._environment.agents) - self._ended
        for agent, row in zip(self._agents.all, seat, strict=True):
            if agent.name not in seen or agent.name in blind:
                rows.leave(row)
                continue
            agent.see(seen[agent.name], infos.get(agent.name, {}), rows, row)
            rows.acting[row] = agent.name in acting
        self._state.write(rows.state)
