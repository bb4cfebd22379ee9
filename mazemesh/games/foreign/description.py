"""What one knows of a foreign game without having it in one's own process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Description:
    """A foreign game.

    Attributes:
        seats: Agents.
        num_actions: Actions of each.
        observation_shape: What the flat observation of one seat was before it was flattened.
        observation_size: Elements of it.
        observation_dtype: "uint8" or "float32".
        step_limit: Steps after which the environment itself cuts an episode off; 0: it does not.
        reward_threshold: Return from which a lone seat counts as having solved the game, or None.
        may_leave: Whether an agent may end before the others do.
        version: The number that its name ends with, as in CartPole-v1; 0 without one.
        package: The package that it comes from, with its version: "gymnasium 1.4.0".
    """

    seats: int
    num_actions: int
    observation_shape: tuple[int, ...]
    observation_size: int
    observation_dtype: str
    step_limit: int
    reward_threshold: float | None
    may_leave: bool
    version: int
    package: str

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Description:
        """From JSON."""
        values: dict[str, Any] = json.loads(text)
        values["observation_shape"] = tuple(values["observation_shape"])
        return cls(**values)
