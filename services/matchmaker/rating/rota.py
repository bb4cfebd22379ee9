"""Whose turn it is among reasons to play a match, and who has waited longest for one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum


class Rule(Enum):
    """Why a rating match was chosen."""

    PLACEMENT = "placement"
    """Its focus has no result yet."""

    STARVED = "starved"
    """Its focus was in none of the ladder's matches for long."""

    CHAMPION = "champion"
    """Its focus is its policy's champion, of whom little is known."""

    UPPER_BOUND = "upper_bound"
    """Its focus may be the best."""

    DEVIATION = "deviation"
    """Of its focus least is known."""

    FEWEST = "fewest"
    """Its focus has the fewest matches."""

    UNIFORM = "uniform"
    """All are drawn uniformly among all versions, so that cycles among old ones show."""


THREE = (Rule.UPPER_BOUND, Rule.DEVIATION, Rule.FEWEST)
"""Rules in equal parts (KataGo's server, `Network selection for rating games`)."""


class Rota:
    """Turns on one ladder, from match to match; belongs to one instance, and lives as long.

    Each rule collects its share in every turn that it could have, and the richest has it and pays
    a whole turn. So however few matches there are, a rule has about its share of them; drawn at
    random, a share of 7 % would have none of the first 30 once in nine times.
    """

    def __init__(self) -> None:
        self._credit: dict[Rule, float] = {}
        self._last: dict[str, int] = {}
        self._number = 0

    def turn(self, shares: Mapping[Rule, float]) -> Rule:
        """The next rule; `shares`, some of them positive, are of those that have somebody."""
        total = sum(shares.values())
        for rule, share in shares.items():
            self._credit[rule] = self._credit.get(rule, 0.0) + share / total
        chosen = max(shares, key=lambda rule: self._credit[rule])
        self._credit[chosen] -= 1.0
        return chosen

    def waits(self, policy: str) -> int:
        """How many matches were chosen since the player's last, or since it was first seen."""
        return self._number - self._last.setdefault(policy, self._number)

    def chosen(self, participants: Iterable[str]) -> None:
        """Notes a match."""
        self._number += 1
        self._last.update(dict.fromkeys(participants, self._number))

    def forget_others(self, players: Collection[str]) -> None:
        """Forgets who is on the ladder no more."""
        self._last = {one: last for one, last in self._last.items() if one in players}
