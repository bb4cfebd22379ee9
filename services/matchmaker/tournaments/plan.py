"""What a tournament is: its format, its entrants, and how they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from mazemesh.errors import InvalidArgument

LEAST_ENTRANTS, MOST_ENTRANTS = 2, 1024
MOST_GAMES = 99
"""Matches that two entrants play in an encounter at most."""

Scores = Mapping[str, tuple[float, ...]]
"""The log: by the key of an encounter, the scores in 0..1 of its first entrant in the matches that
were played, in their order."""


class Format(Enum):
    """How a tournament goes."""

    ROUND_ROBIN = "round-robin"
    """Everybody meets everybody, `rounds` times."""

    GAUNTLET = "gauntlet"
    """The first entrant meets each of the others, `rounds` times."""

    SWISS = "swiss"
    """In each of `rounds` rounds those meet who have about as many points."""

    SINGLE = "single-elimination"
    """Who loses is out; those who lost the semifinals play for the third place."""

    DOUBLE = "double-elimination"
    """Who has lost twice is out."""


@dataclass(frozen=True)
class Plan:
    """A tournament before its first result.

    Attributes:
        format: See `Format`.
        entrants: Names, 2..1024, all different; the best first where `seeded`.
        seed: Of what is drawn: the order of entrants that are not seeded.
        rounds: Of round-robin and gauntlet, how often two meet (1..10); of Swiss how many rounds
            (at most half the entrants). 0 takes 1, or as many as single elimination would take.
        best_of: Matches of an encounter, odd, 1..99: who cannot be caught up with any more has won.
        seeded: Whether the entrants stand in order of strength.
    """

    format: Format
    entrants: tuple[str, ...]
    seed: int
    rounds: int = 0
    best_of: int = 1
    seeded: bool = True

    def __post_init__(self) -> None:
        """Checks all of it.

        Raises:
            InvalidArgument: names field, value and what would be right.
        """
        count = len(self.entrants)
        if not LEAST_ENTRANTS <= count <= MOST_ENTRANTS:
            raise InvalidArgument(
                f"entrants: {count} are named; {LEAST_ENTRANTS}..{MOST_ENTRANTS} can take part"
            )
        if len(set(self.entrants)) < count:
            twice = next(one for one in self.entrants if self.entrants.count(one) > 1)
            raise InvalidArgument(f"entrants: {twice!r} is named twice; each can take part once")
        if not 1 <= self.best_of <= MOST_GAMES or self.best_of % 2 == 0:
            raise InvalidArgument(
                f"best_of: {self.best_of} should be odd and in 1..{MOST_GAMES}, so that there is "
                "somebody who has won more"
            )
        most = self._most_rounds()
        if not 0 <= self.rounds <= most:
            raise InvalidArgument(
                f"rounds: {self.rounds} is outside 0..{most} of {self.format.value} with {count} "
                "entrants"
            )

    def _most_rounds(self) -> int:
        match self.format:
            case Format.ROUND_ROBIN | Format.GAUNTLET:
                return 10
            case Format.SWISS:
                # As long as nobody has met half of the others, all can be paired without a rematch.
                return max(1, len(self.entrants) // 2)
            case Format.SINGLE | Format.DOUBLE:
                return 0

    @property
    def number_of_rounds(self) -> int:
        """`rounds`, written out; 0 where the format itself says when it is over."""
        if self.rounds or self.format in (Format.SINGLE, Format.DOUBLE):
            return self.rounds
        if self.format is Format.SWISS:
            return min(max(1, (len(self.entrants) - 1).bit_length()), self._most_rounds())
        return 1

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Indices of the entrants by seed, the best first; drawn where they are not seeded."""
        count = len(self.entrants)
        if self.seeded:
            return tuple(range(count))
        return tuple(np.random.default_rng(self.seed).permutation(count).tolist())


@dataclass(frozen=True, slots=True)
class Encounter:
    """Two entrants who meet, or one who does not have to.

    Attributes:
        key: Unique in the tournament, and the same whenever it is folded anew.
        round: From 1; of eliminations, that of its bracket.
        first: Index of an entrant.
        second: Index of the other; None for a bye.
        winner: Who goes on; None while that is open, and where it is level.
        points: Of the first and of the second in the matches so far.
        over: Whether no match is needed any more.
    """

    key: str
    round: int
    first: int
    second: int | None
    winner: int | None = None
    points: tuple[float, float] = (0.0, 0.0)
    over: bool = False

    @property
    def loser(self) -> int | None:
        """Who does not go on; None where nobody has won, and of a bye."""
        if self.winner is None or self.second is None:
            return None
        return self.second if self.winner == self.first else self.first


def met(
    plan: Plan, scores: Scores, key: str, round_: int, first: int, second: int, *, decide: bool
) -> Encounter:
    """An encounter as of its matches so far.

    With `decide` it goes on while it is level after `best_of` matches, up to three times as many;
    then the one who is seeded better goes on.
    """
    played = scores.get(key, ())
    mine = theirs = 0.0
    for number, score in enumerate(played, start=1):
        mine, theirs = mine + score, theirs + 1.0 - score
        ahead, left = abs(mine - theirs), plan.best_of - number
        if left <= 0 or ahead > left:
            if mine != theirs:
                winner = first if mine > theirs else second
                return Encounter(key, round_, first, second, winner, (mine, theirs), over=True)
            if not decide:
                return Encounter(key, round_, first, second, None, (mine, theirs), over=True)
            if number >= 3 * plan.best_of:
                better = min(first, second, key=plan.order.index)
                return Encounter(key, round_, first, second, better, (mine, theirs), over=True)
    return Encounter(key, round_, first, second, None, (mine, theirs))


def bye(key: str, round_: int, entrant: int) -> Encounter:
    """An entrant who goes on without a match."""
    return Encounter(key, round_, entrant, None, entrant, over=True)
