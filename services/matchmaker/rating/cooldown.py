"""Snapshots whose rating matches cannot be played rest for a while, and longer each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Rest:
    """How long a player rests: `failures` abandoned matches in a row, until `end`."""

    failures: int
    end: float


class Cooldowns:
    """Who rests. Times are seconds of one clock.

    Who of a match's players is to blame is not known, so all of them rest; one that plays a match
    to its end is clear of blame.

    Args:
        first: Seconds after the first abandoned match; doubled with each further one.
        longest: Seconds at most.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._rests: dict[str, _Rest] = {}

    def abandoned(self, players: Iterable[str], now: float) -> None:
        """Notes a match that was given up. Matches of the same rest count once."""
        for player in players:
            before = self._rests.get(player, _Rest(0, 0.0))
            if before.end > now:
                continue
            # The exponent is bounded: a float overflows at 2 ** 1024.
            seconds = min(self._first * 2.0 ** min(before.failures, 60), self._longest)
            self._rests[player] = _Rest(before.failures + 1, now + seconds)

    def played(self, players: Iterable[str]) -> None:
        """Notes a match that came to its end."""
        for player in players:
            self._rests.pop(player, None)

    def rests(self, player: str, now: float) -> bool:
        """Whether a player is left out of new matches."""
        rest = self._rests.get(player)
        return rest is not None and now < rest.end
