"""When something that recurs is due."""

from __future__ import annotations


class Every:
    """Due every `seconds`, once after a pause that was longer; times in seconds of any clock.

    With `early`, the first period is due at so many times within it too, evenly: the beginning of
    a run is where most happens, and where somebody watches.
    """

    def __init__(self, seconds: float, now: float, *, early: int = 0) -> None:
        self._seconds = seconds
        part = seconds / (early + 1)
        self._early = [now + part * (number + 1) for number in range(early)]
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
