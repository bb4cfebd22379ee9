"""What a worker is told when it is started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Task:
    """The games of one worker.

    Attributes:
        game: Name of the foreign game.
        socket: Descriptor over which it is commanded.
        memory: Descriptor of the shared arrays; -1: only the description is wanted.
        num_games: Games in the arrays.
        first, last: The worker plays games first..last-1 of them.
        step_limit: Steps after which an episode is truncated.
        autoreset: Whether the next episode begins in the step that ends one.
        strict: Check in every step that observations lie in their space.
        with_state: Whether the arrays hold states of whole games.
    """

    game: str
    socket: int = -1
    memory: int = -1
    num_games: int = 0
    first: int = 0
    last: int = 0
    step_limit: int = 0
    autoreset: bool = True
    strict: bool = False
    with_state: bool = False

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        """From JSON."""
        return cls(**json.loads(text))
