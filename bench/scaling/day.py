"""What is asked of a mesh on one day, minute by minute; drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MINUTES = 24 * 60
RATED_EACH_MINUTE = 24
"""Games of rating matches that a snapshot a minute brings while training goes on."""


@dataclass(frozen=True)
class Minute:
    """Load of one minute.

    Attributes:
        training: Whether a training job runs.
        rated: Games of rating matches that are created.
        tickets: Games that people ask for.
    """

    training: bool
    rated: int
    tickets: int


def day(seed: int) -> Iterator[Minute]:
    """A working day: two training jobs, a tournament in the evening, people now and then."""
    rng = np.random.default_rng(seed)
    jobs = [(8 * 60 + 40, 12 * 60 + 10), (14 * 60, 19 * 60 + 30)]
    tournament = range(20 * 60, 20 * 60 + 25)
    for minute in range(MINUTES):
        training = any(begin <= minute < end for begin, end in jobs)
        daytime = 7 * 60 <= minute < 23 * 60
        rated = rng.poisson(RATED_EACH_MINUTE) if training else 0
        if minute in tournament:
            rated += rng.poisson(400)
        yield Minute(training, int(rated), int(rng.poisson(0.4 if daytime else 0.01)))
