"""One simulator: its episodes, their agents, and what each turn asks for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
)
from services._harness.pacing import paced
from services.model.external.agents import Agent, Moment, Step
from services.model.external.kinds import Kind
from services.model.external.simulators import Simulators
from services.model.external.trainee import Place, Trainee
from services.model.external.turns import (
    ACTS,
    MOST_AGENTS,
    MOST_EPISODES,
    TRUNCATED,
    Failed,
    Late,
    Opened,
    Rows,
    Turn,
)

Key = tuple[str, int]
"""Of an agent in its episode: its kind's name, and its number."""


@dataclass(slots=True)
class Episode:
    """An open episode.

    Attributes:
        number: The simulator's own.
        agents: Those that are there.
        ended: Those that are not, and may be rewarded still.
    """

    number: int
    agents: dict[Key, Agent] = field(default_factory=dict)
    ended: dict[Key, Agent] = field(default_factory=dict)


@dataclass(slots=True)
class Ask:
    """An agent that waits.

    Attributes:
        agent: It.
        episode: Its number.
        number: The agent's.
        moment: What it sees.
        group: Which of the turn's `Rows` it stands in.
        row: Where its action belongs, among those that act there; -1: it has ended, and is only to
            be told what its last moment is worth.
    """

    agent: Agent
    episode: int
    number: int
    moment: Moment
    group: int
    row: int


@dataclass(slots=True)
class Work:
    """What a turn asks for: for each of its `Rows` the kind and who waits."""

    sequence: int
    groups: list[tuple[Kind, list[Ask]]]


class Simulator:
    """The episodes of one stream.

    Args:
        everyone: What all simulators share.
        kinds: Of its agents.
        lag: Steps for which rewards may be late.
    """

    def __init__(self, everyone: Simulators, kinds: Sequence[Kind], lag: int) -> None:
        self._everyone, self._lag = everyone, lag
        self._kinds = {kind.name: kind for kind in kinds}
        self._episodes: dict[int, Episode] = {}
        self._agents = 0
        self._due: list[tuple[Place, Step]] = []
        self.names: set[str] = set()
        """Of the policies that learn from its agents."""

    async def opened(self) -> Opened:
        """Who would play, of kinds that say so.

        Raises:
            MazemeshError: as `Simulators.played_by`.
        """
        found = []
        for kind in self._kinds.values():
            if kind.policy:
                version, learns = await self._everyone.played_by(kind, kind.policy)
                found.append((kind.name, version.reference, learns))
        return Opened(found)

    async def take(self, turn: Turn) -> tuple[Work, list[Failed]]:
        """What a turn asks for, and episodes that have failed by it.

        Raises:
            InvalidArgument: it names a kind that is none.
        """
        self._everyone.counts.turns += 1
        failed: dict[int, Failed] = {}
        async for late in paced(turn.late):
            if late.episode not in failed:
                try:
                    self._reward(late)
                except MazemeshError as error:
                    failed[late.episode] = self.fail(late.episode, error)
        groups: list[tuple[Kind, list[Ask]]] = []
        seen: set[tuple[int, str, int]] = set()
        async for rows in paced(turn.rows):
            kind = self._kinds.get(rows.kind)
            if kind is None:
                raise InvalidArgument(
                    f"agents: kind {rows.kind!r:.80} was not described; there are "
                    f"{', '.join(self._kinds)}"
                )
            groups.append((kind, await self._take_rows(kind, rows, len(groups), seen, failed)))
        async for number in paced(turn.ended):
            if number not in failed:
                self._end(number)
        for _, asks in groups:  # of episodes that have ended or failed by now
            asks[:] = [ask for ask in asks if not ask.agent.is_gone]
            for place, ask in enumerate(ask for ask in asks if ask.row >= 0):
                ask.row = place
        await self.flush()
        return Work(turn.sequence, groups), list(failed.values())

    async def _take_rows(
        self,
        kind: Kind,
        rows: Rows,
        group: int,
        seen: set[tuple[int, str, int]],
        failed: dict[int, Failed],
    ) -> list[Ask]:
        try:
            observation, mask = kind.read(rows.given, len(rows.episodes))
        except MazemeshError as error:
            for number in dict.fromkeys(rows.episodes):
                if number not in failed:
                    failed[number] = self.fail(number, error)
            return []
        unusable = kind.unusable(observation, mask)
        asks: list[Ask] = []
        async for index, number in paced(enumerate(rows.episodes)):
            if number in failed:
                continue
            key = number, kind.name, rows.agents[index]
            try:
                if key in seen:
                    raise InvalidArgument(
                        f"agents: agent {key[2]} of episode {number} stands there twice"
                    )
                seen.add(key)
                # Copies: a view would keep the whole message.
                moment = Moment(observation[index].copy(), mask[index].copy())
                ask = await self._row(kind, rows, group, index, moment, bad=bool(unusable[index]))
            except MazemeshError as error:
                failed[number] = self.fail(number, error)
                continue
            if ask is not None:
                asks.append(ask)
        return asks

    async def _row(
        self, kind: Kind, rows: Rows, group: int, index: int, moment: Moment, *, bad: bool
    ) -> Ask | None:
        """What happened to one agent; who waits for an answer, if it does."""
        number, own = rows.episodes[index], rows.agents[index]
        status, reward = rows.status[index], rows.rewards[index]
        episode = self._episodes.get(number)
        agent = None if episode is None else episode.agents.get((kind.name, own))
        if agent is None:
            if status != ACTS:
                raise InvalidArgument(
                    f"agents: agent {own} of episode {number} has status {status} in its first row"
                )
            agent = await self._begin(kind, number, own, rows.policies[index] or kind.policy)
        elif agent.asking:
            raise FailedPrecondition(
                f"agents: agent {own} of episode {number} waits for an action; expected it to be "
                "answered before its next row"
            )
        else:
            if not math.isfinite(reward):
                raise InvalidArgument(f"rewards has {reward}; expected finite numbers")
            agent.earn(reward)
        if (status == ACTS or (status == TRUNCATED and agent.learns)) and bad:
            raise InvalidArgument(
                f"columns: what agent {own} of episode {number} sees is not finite, or its "
                "mask allows no action"
            )
        if status == ACTS:
            agent.asking = True
            return Ask(agent, number, own, moment, group, 0)
        agent.end(status, success=bool(rows.successes[index]))
        self._leave(number, (kind.name, own), agent)
        if status == TRUNCATED and agent.learns:
            agent.asking = True
            return Ask(agent, number, own, moment, group, -1)
        moment.mask = np.ones_like(moment.mask)
        agent.finish(None if bad else moment)
        self.settle(agent)
        return None

    async def _begin(self, kind: Kind, number: int, own: int, policy: str) -> Agent:
        if number not in self._episodes and len(self._episodes) >= MOST_EPISODES:
            raise ResourceExhausted(f"{MOST_EPISODES} episodes are open; at most so many")
        if self._agents >= MOST_AGENTS:
            raise ResourceExhausted(f"{MOST_AGENTS} agents are there; at most so many")
        agent = await self._everyone.begin(kind, policy, self._lag)
        self._agents += 1
        episode = self._episodes.get(number)
        if episode is None:
            episode = self._episodes[number] = Episode(number)
            self._everyone.episodes += 1
        episode.agents[kind.name, own] = agent
        if agent.learns:
            self.names.add(agent.policy.partition(":")[0])
        return agent

    def _leave(self, number: int, key: Key, agent: Agent) -> None:
        """An agent has ended; its last steps may wait for rewards, until its episode has, too."""
        episode = self._episodes[number]
        del episode.agents[key]
        if self._lag:
            before = episode.ended.pop(key, None)
            if before is not None:
                self._free(before)
            episode.ended[key] = agent
        else:
            agent.is_free = True

    def _reward(self, late: Late) -> None:
        episode = self._episodes.get(late.episode)
        key = late.kind, late.agent
        agent = None if episode is None else episode.agents.get(key) or episode.ended.get(key)
        if agent is None:
            raise NotFound(
                f"rewards: there is no agent {late.agent} of kind {late.kind!r:.80} in episode "
                f"{late.episode}"
            )
        if not math.isfinite(late.reward):
            raise InvalidArgument(f"rewards has {late.reward}; expected finite numbers")
        if agent.learns:
            agent.earn_late(late.step, late.reward, self._lag)

    def _end(self, number: int) -> None:
        episode = self._episodes.pop(number, None)
        if episode is None:
            return
        self._everyone.episodes -= 1
        self._everyone.counts.ended += 1
        self._everyone.counts.cut += bool(episode.agents)
        for agent in episode.agents.values():
            self._cut(agent)
        for agent in episode.ended.values():
            self._free(agent)

    def fail(self, number: int, error: MazemeshError) -> Failed:
        """Ends an episode because of an error: its agents are cut off."""
        episode = self._episodes.pop(number, None)
        if episode is not None:
            self._everyone.episodes -= 1
            for agent in (*episode.agents.values(), *episode.ended.values()):
                self._cut(agent)
        self._everyone.counts.failed += 1
        return Failed(number, error)

    def close(self) -> None:
        """Nothing more is told of any agent."""
        for episode in self._episodes.values():
            self._everyone.episodes -= 1
            self._everyone.counts.cut += 1
            for agent in (*episode.agents.values(), *episode.ended.values()):
                self._cut(agent)
        self._episodes.clear()
        self._hand_over()

    def _cut(self, agent: Agent) -> None:
        if agent.is_gone:
            return
        self._learn(agent, agent.cut())
        self._gone(agent)

    def _free(self, agent: Agent) -> None:
        agent.is_free = True
        self.settle(agent)

    def settle(self, agent: Agent) -> None:
        """Looks at an agent of which something has come.

        Steps of which nothing more comes are learned from at the next `flush`; if it has ended, and
        nothing is awaited, it is gone.
        """
        if agent.is_gone:
            return
        if agent.whole and agent.is_free:
            self._learn(agent, agent.take(0))
            self._gone(agent)
        else:
            self._learn(agent, agent.take(max(1, self._lag)))

    def _gone(self, agent: Agent) -> None:
        agent.is_gone = True
        self._agents -= 1
        self._everyone.end(agent)

    def _learn(self, agent: Agent, steps: Iterable[Step]) -> None:
        if agent.place is not None:
            self._due.extend((agent.place, step) for step in steps)

    async def flush(self) -> None:
        """Hands over what is to be learned from; returns when it is in rows of experience."""
        for learning in self._hand_over():
            await asyncio.shield(learning)

    def _hand_over(self) -> list[asyncio.Task[None]]:
        due, self._due = self._due, []
        self._everyone.counts.steps += len(due)
        by_trainee: dict[Trainee, list[tuple[Place, Step]]] = {}
        for place, step in due:
            by_trainee.setdefault(place.trainee, []).append((place, step))
        return [trainee.learn(steps) for trainee, steps in by_trainee.items()]


def by_policy(groups: Iterable[tuple[Kind, list[Ask]]]) -> Iterator[tuple[Kind, list[Ask]]]:
    """Those of a kind who ask the same policy, together, in whichever `Rows` they stand.

    Of agents that `name:latest` plays some may learn and others, which began when no version said
    how to collect, may not.
    """
    found: dict[tuple[str, str, bool], tuple[Kind, list[Ask]]] = {}
    for kind, asks in groups:
        for ask in asks:
            agent = ask.agent
            key = kind.name, agent.policy, agent.learns
            found.setdefault(key, (kind, []))[1].append(ask)
    yield from found.values()


def stacked(moments: Sequence[Moment]) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    """Observations [n, ...] and masks [n, M]."""
    return np.stack([one.observation for one in moments]), np.stack([one.mask for one in moments])
