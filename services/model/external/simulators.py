"""All simulators, and what they share: inference, who learns, and room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mazemesh.errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from mazemesh.names import LATEST, Reference, parse_reference
from services.model.external.agents import Agent
from services.model.external.kinds import Kind
from services.model.external.trainee import Trainee
from services.model.external.trainees import Trainees
from services.model.inference.calls import Answer, Asked
from services.model.inference.inference import Inference
from services.model.registry.policy import Version

_TRIES: Final = 50
_STEPS: Final = 4
"""That an agent has at once without further ones for late rewards, roughly."""


@dataclass(slots=True)
class Counts:
    """What happened so far."""

    turns: int = 0
    actions: int = 0
    steps: int = 0
    ended: int = 0
    cut: int = 0
    failed: int = 0


class Simulators:
    """What every stream of a simulator rests on.

    Args:
        inference: Answers.
        trainees: Who learns.
        most_streams: At once.
        clock: Seconds, rising.
    """

    def __init__(
        self,
        inference: Inference,
        trainees: Trainees,
        most_streams: int,
        clock: Callable[[], float],
    ) -> None:
        self.inference, self.trainees, self.clock = inference, trainees, clock
        self._most_streams = most_streams
        self.counts = Counts()
        self.streams = self.episodes = self.agents = 0
        """That are open now."""

    def enter(self) -> None:
        """One more stream.

        Raises:
            ResourceExhausted: there are as many as there may be.
        """
        if self.streams >= self._most_streams:
            raise ResourceExhausted(
                f"{self.streams} simulators are connected; at most {self._most_streams}"
            )
        self.streams += 1

    def leave(self) -> None:
        """One stream less."""
        self.streams -= 1

    async def played_by(self, kind: Kind, policy: str) -> tuple[Version, bool]:
        """The version that would play agents of a kind now, and whether it learns from them.

        Raises:
            InvalidArgument: no policy is named, or it is no name.
            NotFound: there is no such version.
            FailedPrecondition: it sees or does other things.
        """
        if not policy:
            raise InvalidArgument(
                f"policies: nobody is named to play an agent of kind {kind.name}, here or by the "
                "kind; expected name, name:12 or name:alias"
            )
        version, model = await self.inference.ready(policy)
        reference = parse_reference(policy)
        kind.check_layout(model.layout, f"{version.name}:{version.number}")
        if not _is_newest(reference):
            return version, False
        method = self.trainees.method(version)
        if method is None:
            return version, False
        kind.check_learner(method.observation, method.action, version.name)
        return version, True

    async def begin(self, kind: Kind, policy: str, lag: int) -> Agent:
        """A new agent, played by a policy.

        Raises:
            MazemeshError: as `played_by`; or there is no room for it.
        """
        version, learns = await self.played_by(kind, policy)
        newest = f"{version.name}:{LATEST}"
        agent = Agent(kind, newest if learns else version.reference, learns=learns)
        if _is_newest(parse_reference(policy)) and not learns:
            agent.policy = newest
        agent.size_bytes = (lag + _STEPS) * kind.step_bytes if learns else kind.step_bytes
        if agent.size_bytes > self.trainees.room:
            raise ResourceExhausted("agents of simulators hold as much as they may; end some")
        self.trainees.agent_bytes += agent.size_bytes
        self.agents += 1
        return agent

    def end(self, agent: Agent) -> None:
        """It is gone, and nothing of it waits."""
        self.agents -= 1
        self.trainees.agent_bytes -= agent.size_bytes
        if agent.place is not None:
            agent.place.trainee.give_back(agent.place)
            agent.place = None

    async def settle(self, agents: Sequence[Agent], policy: str) -> Trainee:
        """Lets agents of one policy that learns have places where their steps go: with whom.

        Where the policy's newest version collects otherwise than before, what was played goes where
        it went, as if the agents had been cut off, and they go on in new places.

        Raises:
            MazemeshError: there is no room, or Replay has refused what was played.
        """
        version, model = await self.inference.ready(policy)
        method = self.trainees.method(version)
        if method is None:
            raise FailedPrecondition(
                f"{version.reference} does not say how to collect any more; begin anew"
            )
        agents[0].kind.check_learner(method.observation, method.action, version.name)
        trainee = await self.trainees.of(version, model.layout.state_size)
        for agent in agents:
            if agent.is_gone:
                continue
            if agent.place is not None and agent.place.trainee is not trainee:
                before = agent.place.trainee
                before.learn([(agent.place, step) for step in agent.part()])
                before.give_back(agent.place)
                agent.place = None
            if agent.place is None:
                agent.place = trainee.take_place(self.trainees.room)
        return trainee

    async def infer(self, asked: Asked) -> Answer:
        """What a policy answers; where too many wait, it is asked again.

        Raises:
            MazemeshError: as Infer.
        """
        for _ in range(_TRIES):
            try:
                return await self.inference.infer(asked)
            except ResourceExhausted as error:
                await asyncio.sleep(error.retry_after or 0.0)  # nothing tells when there is room
        return await self.inference.infer(asked)


def _is_newest(reference: Reference) -> bool:
    """Whether it is whatever version is the newest."""
    return not reference.number and reference.alias in ("", LATEST)
