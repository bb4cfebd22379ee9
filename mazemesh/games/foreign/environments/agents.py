"""The agents of a PettingZoo environment: how each is told what it sees, and acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.environments.gymnasium_environment import taken_apart
from mazemesh.games.foreign.seats.conversion import Conversion
from mazemesh.games.foreign.seats.rows import Rows
from mazemesh.games.foreign.seats.seat_writer import SeatWriter
from mazemesh.games.foreign.seats.uniting import united_actions, united_observations
from mazemesh.games.spaces import Space
from mazemesh.games.spaces.arrays import action_dtype

MOST_AGENTS = 1024


@dataclass(frozen=True)
class Agent:
    """One agent.

    Attributes:
        name: The environment's own.
        writer: Tells it what it sees.
        actions: Its own way to act, in the space of all.
        fields: Of a record of actions; empty where they are numbers.
    """

    name: Any
    writer: SeatWriter
    actions: Conversion
    fields: tuple[str, ...]

    @property
    def whose(self) -> str:
        """Begins the sentence of an error."""
        return f"agent {self.name}'s"

    def see(self, seen: Any, info: Mapping[str, Any], rows: Rows, row: int) -> None:
        """Writes what it sees and may do."""
        self.writer.see(seen, info, rows, row, self.whose)

    def action(self, action: Any) -> Any:
        """An action in the environment's own form."""
        return self.actions.join(taken_apart(action, self.fields))


@dataclass(frozen=True)
class Agents:
    """All agents of an environment, in the order of `possible_agents`."""

    all: tuple[Agent, ...]
    observation_space: Space
    action_space: Space

    @property
    def names(self) -> tuple[str, ...]:
        """Their names as text."""
        return tuple(str(agent.name) for agent in self.all)


def agents_of(environment: Any, *, strict: bool) -> Agents:
    """The agents of an environment.

    Raises:
        InvalidArgument: it has none or too many, or their spaces cannot be played.
    """
    names: Sequence[Any] = list(getattr(environment, "possible_agents", ()))
    if not 1 <= len(names) <= MOST_AGENTS:
        raise InvalidArgument(f"it has {len(names)} possible_agents; expected 1..{MOST_AGENTS}")
    writers = [
        SeatWriter(
            environment.observation_space(name), environment.action_space(name), strict=strict
        )
        for name in names
    ]
    seen = united_observations([writer.observations for writer in writers])
    done = united_actions([writer.actions for writer in writers], names)
    fields = action_dtype(done.space).names or ()
    for writer, conversion in zip(writers, seen.agents, strict=True):
        writer.use(conversion)
    agents = tuple(
        Agent(name, writer, conversion, fields)
        for name, writer, conversion in zip(names, writers, done.agents, strict=True)
    )
    return Agents(agents, seen.space, done.space)
