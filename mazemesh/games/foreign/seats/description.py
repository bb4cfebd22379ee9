"""What one knows of a foreign game without having it in one's own process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mazemesh.games.spaces import Space, content, from_content


@dataclass(frozen=True)
class Description:
    """A foreign game.

    Attributes:
        agents: Names of its agents, in order; one without a name for an environment of one.
        observation_space: What each sees.
        action_space: What each does.
        state_space: What its `state()` tells of the whole game; None: nothing.
        step_limit: Steps after which the environment itself cuts an episode off; 0: it does not.
        reward_threshold: Return from which a lone seat counts as having solved the game, or None.
        may_leave: Whether an agent may end before the others do.
        may_wait: Whether there are steps in which not every agent has a move.
        version: The number that its name ends with, as in CartPole-v1; 0 without one.
        vector: Whether it is one of a vector, whose next episodes begin by themselves.
        package: The package that it comes from, with its version: "gymnasium 1.4.0".
    """

    agents: tuple[str, ...]
    observation_space: Space
    action_space: Space
    version: int
    package: str
    state_space: Space | None = None
    step_limit: int = 0
    reward_threshold: float | None = None
    may_leave: bool = False
    may_wait: bool = False
    vector: bool = False

    @property
    def seats(self) -> int:
        """Agents."""
        return len(self.agents)

    def to_json(self) -> str:
        """As JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in _SPACES:
            values[name] = values[name] and content(values[name])
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Description:
        """From JSON."""
        values: dict[str, Any] = json.loads(text)
        values["agents"] = tuple(values["agents"])
        for name in _SPACES:
            values[name] = values[name] and from_content(values[name])
        return cls(**values)


_SPACES = ("observation_space", "action_space", "state_space")
