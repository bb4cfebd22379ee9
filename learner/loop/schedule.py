"""When something that recurs is due."""

from __future__ import annotations


class Every:
    """Due every `seconds`, once after a pause that was longer; times in seconds of any clock.

    With `eager`, a third and two thirds of the first period are due too: the beginning of a run is
    where most happens.
    """

    def __init__(self, seconds: float, now: float, *, eager: bool = False) -> None:
        self._seconds = seconds
        self._early = [now + seconds / 3, now + seconds * 2 / 3] if eager else []
        self._next = now + seconds

    def due(self, now: float) -> bool:
        """Whether it is time; says yes once for each time."""
        if self._early and now >= self._early[0]:
            self._early = [time for time in self._early if time > now]
            return True
        if now < self._next:
            return False
        self._next += self._seconds
        if self._next <= now:
            self._next = now + self._seconds
        return True
