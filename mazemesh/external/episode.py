"""One episode of a simulator, in values: who sees what, and what each does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError
from mazemesh.external.kinds import TERMINATED, TRUNCATED, AgentKind, Late, Rows, Seen, Turned


class TakesTurns(Protocol):
    """What an episode needs of the simulator that has it (`mazemesh.external.Simulator`).

    Attributes:
        kinds: Of agents, by name.
    """

    kinds: dict[str, AgentKind]

    def turn(
        self, rows: Mapping[str, Rows], *, ended: Iterable[int] = (), late: Iterable[Late] = ()
    ) -> Turned:
        """Tells what happened, and waits for actions."""
        ...

    def forget(self, number: int) -> None:
        """An episode is over."""
        ...


class Episode:
    """An episode of one agent or of several, who come and go, and act whenever it is their turn.

    An agent is there from the first time that it is to act. It is called as the simulator likes.

    Args:
        simulator: That has it.
        number: Its number there.

    Attributes:
        number: Its number.
        versions: Of the policy that acted last, by agent.
        error: What ended it before its time; None: nothing has.
    """

    def __init__(self, simulator: TakesTurns, number: int) -> None:
        self.number = number
        self.versions: dict[str, int] = {}
        self.error: MazemeshError | None = None
        self._simulator = simulator
        self._numbers: dict[str, int] = {}
        self._kinds: dict[str, str] = {}
        self._steps: dict[str, int] = {}
        self._away: set[str] = set()
        self._late: list[Late] = []
        self._over = False

    def act(
        self,
        observation: Seen,
        reward: float = 0.0,
        *,
        mask: Seen | None = None,
        agent: str = "",
        kind: str = "",
        policy: str = "",
    ) -> Any:
        """What an agent does on what it sees.

        Args:
            observation: One row; of several columns by name.
            reward: Earned since its last action.
            mask: Of its actions; None: all are legal.
            agent: Its name; that of the only one may be left out.
            kind: Of a new one; that of the only kind may be left out.
            policy: Who plays a new one, in place of the kind's policy.

        Returns:
            The action, [...]; of several columns by name. A number of a choice counts from 0.

        Raises:
            Unavailable: the stream broke: the episode is lost.
            MazemeshError: what else ended it.
        """
        masks = {} if mask is None else {agent: mask}
        told = self.act_all(
            {agent: observation},
            {agent: reward},
            masks=masks,
            kinds={agent: kind} if kind else {},
            policies={agent: policy} if policy else {},
        )
        return told[agent]

    def act_all(
        self,
        observations: Mapping[str, Seen],
        rewards: Mapping[str, float] | None = None,
        *,
        masks: Mapping[str, Seen] | None = None,
        kinds: Mapping[str, str] | None = None,
        policies: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What several agents do, by agent; see `act`. They are asked together."""
        rewards, masks = rewards or {}, masks or {}
        by_kind: dict[str, list[str]] = {}
        for agent in observations:
            by_kind.setdefault(self._kind_of(agent, (kinds or {}).get(agent, "")), []).append(agent)
        rows = {
            kind: Rows(
                [self.number] * len(agents),
                _stacked([observations[agent] for agent in agents]),
                rewards=[rewards.get(agent, 0.0) for agent in agents],
                agents=[self._numbers[agent] for agent in agents],
                masks=_masks(masks, agents),
                policies=[(policies or {}).get(agent, "") for agent in agents],
            )
            for kind, agents in by_kind.items()
        }
        turned = self._turn(rows)
        found: dict[str, Any] = {}
        for kind, agents in by_kind.items():
            actions = turned.actions[kind]
            for index, agent in enumerate(agents):
                found[agent] = _row(actions, index)
                self.versions[agent] = turned.versions[kind][index]
                before = -1 if agent in self._away else self._steps.get(agent, -1)
                self._steps[agent] = before + 1
        self._away.difference_update(observations)
        return found

    def leave(
        self,
        agent: str = "",
        reward: float = 0.0,
        *,
        observation: Seen | None = None,
        truncated: bool = False,
        success: bool = False,
    ) -> None:
        """An agent has ended; others go on, and it may come back as a new one.

        Args:
            agent: Its name.
            reward: Earned since its last action.
            observation: What it sees last; needed where it was `truncated`.
            truncated: It was ended from outside, as by a time limit, and not by the rules.
            success: It did what the game is about.
        """
        self._turn(self._leaving(agent, reward, observation, truncated, success))
        self._away.add(agent)

    def reward(self, reward: float, *, agent: str = "", step: int | None = None) -> None:
        """A reward for an agent, for its newest action or that of a step (from 0).

        It is told with the next turn. A step before the newest one takes rewards for `reward_lag`
        steps, and until the episode ends.
        """
        self._check_acted(agent)
        chosen = self._steps[agent] if step is None else step
        number = self._numbers[agent]
        self._late.append((self.number, self._kinds[agent], number, chosen, reward))

    def end(
        self,
        reward: float = 0.0,
        *,
        terminated: bool = False,
        truncated: bool = False,
        observation: Seen | None = None,
        success: bool = False,
        agent: str = "",
    ) -> None:
        """The episode is over. Agents that have not ended are cut off.

        With `terminated` or `truncated` one agent ends with it, as by `leave`.
        """
        rows = {}
        if terminated or truncated:
            rows = self._leaving(agent, reward, observation, truncated, success)
        self._turn(rows, ended=(self.number,))
        self._over = True
        self._simulator.forget(self.number)

    def _turn(self, rows: Mapping[str, Rows], ended: tuple[int, ...] = ()) -> Turned:
        if self.error is not None:
            raise self.error
        if self._over:
            raise FailedPrecondition(f"episode {self.number} is over; begin another")
        late, self._late = self._late, []
        turned = self._simulator.turn(rows, ended=ended, late=late)
        if self.number in turned.failed:
            self.error = turned.failed[self.number]
            self._simulator.forget(self.number)
            raise self.error
        return turned

    def _leaving(
        self,
        agent: str,
        reward: float,
        observation: Seen | None,
        truncated: bool,  # passed on
        success: bool,
    ) -> dict[str, Rows]:
        self._check_acted(agent)
        kind = self._kinds[agent]
        if observation is None:
            if truncated:
                raise InvalidArgument("observation: what a truncated agent saw last is needed")
            seen = self._simulator.kinds[kind].seen
            observation = {one.name: np.zeros(one.shape, one.dtype) for one in seen}
        return {
            kind: Rows(
                [self.number],
                _stacked([observation]),
                rewards=[reward],
                status=[TRUNCATED if truncated else TERMINATED],
                agents=[self._numbers[agent]],
                successes=[success],
            )
        }

    def _check_acted(self, agent: str) -> None:
        if agent not in self._steps:
            raise InvalidArgument(f"agent {agent!r:.80} has not acted in this episode")

    def _kind_of(self, agent: str, kind: str) -> str:
        kinds = self._simulator.kinds
        known = self._kinds.get(agent)
        if known is None:
            if not kind and len(kinds) > 1:
                raise InvalidArgument(
                    f"agent {agent!r:.80} is new: say of which kind, {', '.join(kinds)}"
                )
            known = self._kinds[agent] = kind or next(iter(kinds))
            self._numbers[agent] = len(self._numbers)
        return known


def _stacked(rows: list[Seen]) -> Seen:
    first = rows[0]
    if not isinstance(first, Mapping):
        return np.stack([np.asarray(row) for row in rows])
    return {
        name: np.stack([np.asarray(row[name]) for row in rows if isinstance(row, Mapping)])
        for name in first
    }


def _masks(masks: Mapping[str, Seen], agents: list[str]) -> Seen | None:
    there = [masks[agent] for agent in agents if agent in masks]
    if there and len(there) < len(agents):
        raise InvalidArgument("masks: some agents have one and others none; expected all or none")
    return _stacked(there) if there else None


def _row(actions: Any, index: int) -> Any:
    if isinstance(actions, Mapping):
        return {name: column[index] for name, column in actions.items()}
    return actions[index]
