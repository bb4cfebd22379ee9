"""What a job may take, what it has taken, and what it has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job has taken so far, over all its attempts.

    Attributes:
        seconds: That it ran.
        cpu_seconds: Of all its processes, user and system.
        memory_bytes: Most that its processes held at once (the sum of their resident sets, so
            shared pages count once for each).
        steps: Agent steps learned from, by this job alone.
        episodes: That its actors have ended.
        dollars: Estimated: `seconds` by the price of its place.
        restarts: Of its processes after crashes.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    steps: int = 0
    episodes: int = 0
    dollars: float = 0.0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of a job; 0 is none."""

    steps: int = 0
    minutes: float = 0.0
    dollars: float = 0.0

    def used_up(self, usage: Usage) -> str:
        """Which bound is reached, in words; "" while none is."""
        if self.steps and usage.steps >= self.steps:
            return f"its budget of {self.steps:,} steps is used up ({usage.steps:,})"
        if self.minutes and usage.seconds >= 60.0 * self.minutes:
            return f"its budget of {self.minutes:g} minutes is used up"
        if self.dollars and usage.dollars >= self.dollars:
            return f"its budget of {self.dollars:g} dollars is used up (estimated)"
        return ""


@dataclass(frozen=True, slots=True)
class Target:
    """What makes a job finished; 0 is nothing of the kind."""

    steps: int = 0
    episodes: int = 0

    def reached(self, usage: Usage) -> str:
        """What was reached, in words; "" while something is missing."""
        if self.steps and usage.steps >= self.steps:
            return f"it has done its {self.steps:,} steps"
        if self.episodes and usage.episodes >= self.episodes:
            return f"it has done its {self.episodes:,} episodes"
        return ""


NO_USAGE: Final = Usage()
NO_BUDGET: Final = Budget()
NO_TARGET: Final = Target()
