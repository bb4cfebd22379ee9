"""What whoever plays tells of the episodes that ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MOST_COUNTED: Final = 2**32
"""Episodes, or steps of them, in a batch."""

MOST_REWARD: Final = 1e100
"""Of the rewards in a batch, added up, on either side of zero: sums of these stay finite."""


@dataclass(frozen=True, slots=True)
class EpisodeTotals:
    """Of episodes that were played to their end, one for each seat that a learning policy held.

    Attributes:
        ended: How many.
        reward: Sum of their rewards, with shaping.
        steps: Sum of their lengths, in steps of the seat.
        successes: Of how many the game told success.
    """

    ended: int = 0
    reward: float = 0.0
    steps: int = 0
    successes: int = 0

    def __add__(self, other: EpisodeTotals) -> EpisodeTotals:
        return EpisodeTotals(
            self.ended + other.ended,
            self.reward + other.reward,
            self.steps + other.steps,
            self.successes + other.successes,
        )

    def __sub__(self, other: EpisodeTotals) -> EpisodeTotals:
        return EpisodeTotals(
            self.ended - other.ended,
            self.reward - other.reward,
            self.steps - other.steps,
            self.successes - other.successes,
        )

    @property
    def complaint(self) -> str:
        """What is wrong with them as those of a batch: field, value, what is right; else empty."""
        counted = (
            ("ended", self.ended, MOST_COUNTED),
            ("steps", self.steps, MOST_COUNTED),
            ("successes", self.successes, self.ended),
        )
        for name, value, most in counted:
            if not 0 <= value <= most:
                bound = f"{most} (ended)" if name == "successes" else most
                return f"episodes.{name} is {value}; expected 0..{bound}"
        if not math.isfinite(self.reward) or abs(self.reward) > MOST_REWARD:
            return f"episodes.reward is {self.reward}; expected -{MOST_REWARD:g}..{MOST_REWARD:g}"
        return ""


NO_EPISODES: Final = EpisodeTotals()
