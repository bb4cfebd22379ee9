"""A PettingZoo AECEnv, whose agents move one after the other, as a game of as many seats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mazemesh.games.foreign.environments.agents import Agent, agents_of
from mazemesh.games.foreign.environments.environment import GONE, RUNNING, TERMINATED, TRUNCATED
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.rows import BoolArray, Rows
from mazemesh.games.foreign.seats.seat_writer import checked_reward
from mazemesh.games.foreign.seats.whole_state import WholeState


class TurnsEnvironment:
    """An `Environment`.

    A step is the move of one agent. After it those who have ended are taken out (PettingZoo has
    them step with None), until one is to move who has not: it alone acts in the next step. An agent
    is told what it sees, and all that it has earned since its own move, when its turn comes or it
    has ended (`last()`); until then its row shows what it saw last.
    """

    slow_to_seed = False

    def __init__(self, environment: Any, version: int, package: str, *, strict: bool) -> None:
        self._environment = environment
        self._agents = agents_of(environment, strict=strict)
        self._index = {agent.name: index for index, agent in enumerate(self._agents.all)}
        self._state = WholeState(environment)
        self._told: dict[Any, bool] = {}
        self._gone: set[Any] = set()
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
        """See `Environment`.

        Raises:
            RuntimeError: nobody is to move.
        """
        self._environment.reset(seed=seed)
        self._told = {}
        self._gone = set()
        for row in seat:
            rows.leave(row)
        if self._come_to_turn(seat, rows, paid=False):
            raise RuntimeError("no agent is to move after its reset")

    def step(self, actions: Sequence[Any], seat: Sequence[int], rows: Rows) -> bool:
        """See `Environment`."""
        there = set(self._environment.agents) - self._gone
        for agent, row in zip(self._agents.all, seat, strict=True):
            rows.status[row] = RUNNING if agent.name in there else GONE
            if agent.name not in there:
                rows.leave(row)
        agent, row = self._at_turn(seat)
        rows.acting[row] = False
        self._environment.step(agent.action(actions[row]))
        return self._come_to_turn(seat, rows, paid=True)

    def cut_off(self, seat: Sequence[int], rows: Rows) -> None:
        """Tells those who wait what they see and have earned by now."""
        living = set(self._environment.agents) - self._gone
        earned = getattr(self._environment, "_cumulative_rewards", {})
        for agent, row in zip(self._agents.all, seat, strict=True):
            if agent.name in living and not rows.acting[row]:
                seen = self._environment.observe(agent.name)
                agent.see(seen, self._environment.infos.get(agent.name, {}), rows, row)
                rows.reward[row] = checked_reward(earned.get(agent.name, 0.0), agent.whose)

    def present(self, seat: Sequence[int]) -> BoolArray:
        """See `Environment`."""
        there = set(self._environment.agents) - self._gone
        present = np.zeros(len(seat), np.bool_)
        for agent, row in zip(self._agents.all, seat, strict=True):
            present[row] = agent.name in there
        return present

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        return {seat[self._index[name]]: told for name, told in self._told.items()}

    def close(self) -> None:
        """See `Environment`."""
        self._environment.close()

    def _at_turn(self, seat: Sequence[int]) -> tuple[Agent, int]:
        index = self._index[self._environment.agent_selection]
        return self._agents.all[index], seat[index]

    def _come_to_turn(self, seat: Sequence[int], rows: Rows, *, paid: bool) -> bool:
        """Tells agents what happened until one is to move; returns whether none is."""
        while self._environment.agents:
            agent, row = self._at_turn(seat)
            seen, earned, terminated, truncated, info = self._environment.last()
            if paid:
                rows.reward[row] = checked_reward(earned, agent.whose)
            if "is_success" in info:
                self._told[agent.name] = bool(info["is_success"])
            # Some show nothing to those who are out.
            if seen is not None:
                agent.see(seen, info, rows, row)
            if not (terminated or truncated):
                rows.acting[row] = True
                self._gone.discard(agent.name)
                self._state.write(rows.state)
                return False
            if paid and rows.status[row] == RUNNING:
                rows.status[row] = TERMINATED if terminated else TRUNCATED
            self._gone.add(agent.name)
            self._environment.step(None)
        self._state.write(rows.state)
        return True
