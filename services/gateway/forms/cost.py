"""What a run will take, by what runs like it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_LEAST_STEPS_PER_SECOND: Final = 1e-3


@dataclass(frozen=True)
class Pace:
    """How fast a run was: agent steps a second, over all the time that it ran."""

    game: str
    algorithm: str
    steps: float
    seconds: float

    @property
    def steps_per_second(self) -> float:
        """Of the whole run."""
        return max(self.steps / self.seconds, _LEAST_STEPS_PER_SECOND) if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Cost:
    """An estimate.

    Attributes:
        steps: Agent steps asked for.
        runs: That it rests on; 0: nothing is known.
        like: What these have in common with it: "game and algorithm", "algorithm", "game" or "".
        steps_per_second: Of the middle one.
        seconds: By the middle one.
        low, high: Seconds by the quartiles of these runs.
        dollars: `seconds` at the price; None where no price is known.
    """

    steps: float
    runs: int = 0
    like: str = ""
    steps_per_second: float | None = None
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    dollars: float | None = None


def estimate(
    steps: float, game: str, algorithm: str, known: Sequence[Pace], dollars_an_hour: float
) -> Cost:
    """What a run of so many steps takes, by those of the same game and algorithm, if there are any.

    Args:
        steps: Agent steps.
        game: To learn.
        algorithm: By which.
        known: Runs there were.
        dollars_an_hour: Price of an hour; 0: none is known.
    """
    ran = [one for one in known if one.steps > 0 and one.seconds > 0]
    ways = (
        ("game and algorithm", lambda one: one.game == game and one.algorithm == algorithm),
        ("algorithm", lambda one: one.algorithm == algorithm),
        ("game", lambda one: one.game == game),
        ("", lambda one: True),
    )
    for like, fits in ways:
        rates = np.array([one.steps_per_second for one in ran if fits(one)])
        if len(rates):
            slow, middle, fast = np.quantile(rates, [0.25, 0.5, 0.75]).tolist()
            seconds = steps / middle
            dollars = seconds / 3600 * dollars_an_hour if dollars_an_hour > 0 else None
            return Cost(
                steps, len(rates), like, middle, seconds, steps / fast, steps / slow, dollars
            )
    return Cost(steps)
