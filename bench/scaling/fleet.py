"""Spot machines of one group as a day goes on: asked for, started, taken away."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Fleet:
    """Machines with the minute from which each is in service.

    Attributes:
        start_minutes: From the request to service: the machine starts and installs the release.
        loss_an_hour: Chance of a machine to be taken away within an hour.
        minutes: Machine minutes so far, which cost from the request on.
        lost: Machines that were taken away.
    """

    start_minutes: int
    loss_an_hour: float
    rng: np.random.Generator
    minutes: int = 0
    lost: int = 0
    _since: list[int] = field(default_factory=list)

    def pass_minute(self, now: int, desired: int) -> int:
        """Machines that are in service in this minute; those that were lost are asked for again."""
        gone = self.rng.random(len(self._since)) < self.loss_an_hour / 60
        self.lost += int(gone.sum())
        self._since = [one for one, lost in zip(self._since, gone, strict=True) if not lost]
        while len(self._since) > desired:
            self._since.pop()
        self._since += [now + self.start_minutes] * (desired - len(self._since))
        self.minutes += len(self._since)
        return sum(one <= now for one in self._since)
