"""How games end."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a game ended.

    Attributes:
        scores: by seat, 0..1.
        steps: its length.
        truncated: the step limit ended it.
        returns: by seat, the sum of rewards; empty where it is not known any more.
        successes: by seat, whether it did what the game is about; likewise.
    """

    scores: tuple[float, ...]
    steps: int
    truncated: bool
    returns: tuple[float, ...] = field(default=(), compare=False)
    successes: tuple[bool, ...] = field(default=(), compare=False)
