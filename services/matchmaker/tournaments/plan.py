"""What a tournament is: its format, its entrants, and how they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

from mazemesh.errors import InvalidArgument

LEAST_ENTRANTS, MOST_ENTRANTS = 2, 1024
MOST_GAMES = 99
"""Matches that two entrants play in an encounter, unless it is level then."""

MOST_ENCOUNTERS = 600_000
"""Of a tournament: what everybody against everybody takes, once, with the most entrants."""

MOST_SWISS_ROUNDS = 64
"""Each pairing rests on all rounds before it, so time goes with the square of their number."""

MORE_MATCHES = 3
"""How many times `best_of` matches are played where somebody has to go on."""


class Forfeit(Enum):
    """Why an encounter ends without being played out."""

    FIRST = "first"
    """The first entrant did not come."""

    SECOND = "second"

    BOTH = "both"
    """Neither did."""

    VOID = "void"
    """A match of it cannot be played, and nobody knows whose fault that is."""


@dataclass(frozen=True, slots=True)
class Log:
    """What has happened so far; the order in which it did is no part of it.

    Attributes:
        scores: By the key of an encounter, the scores in 0..1 of its first entrant in the matches
            that were played, in the order of their numbers.
        forfeits: Encounters that ended otherwise; matches of theirs count for nothing more.
    """

    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    forfeits: Mapping[str, Forfeit] = field(default_factory=dict)


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


ELIMINATIONS = (Format.SINGLE, Format.DOUBLE)


@dataclass(frozen=True)
class Plan:
    """A tournament before its first result.

    Attributes:
        format: See `Format`.
        entrants: Names, 2..1024, all different; the best first where `seeded`.
        seed: Of what is drawn: the order of entrants that are not seeded.
        rounds: Of round-robin and gauntlet, how often two meet (1..10, and together no more than
            `MOST_ENCOUNTERS`); of Swiss how many rounds (at most half the entrants, and 64). 0
            takes 1, or as many as single elimination would take.
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
        count = len(self.entrants)
        match self.format:
            case Format.ROUND_ROBIN:
                return min(10, MOST_ENCOUNTERS // (count * (count - 1) // 2))
            case Format.GAUNTLET:
                return 10
            case Format.SWISS:
                # As long as nobody has met half of the others, all can be paired without a rematch.
                return min(max(1, count // 2), MOST_SWISS_ROUNDS)
            case Format.SINGLE | Format.DOUBLE:
                return 0

    @property
    def number_of_rounds(self) -> int:
        """`rounds`, written out; 0 where the format itself says when it is over."""
        if self.rounds or self.format in ELIMINATIONS:
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

    @cached_property
    def seed_of(self) -> tuple[int, ...]:
        """By entrant its place in `order`, from 0."""
        seeds = [0] * len(self.order)
        for seed, entrant in enumerate(self.order):
            seeds[entrant] = seed
        return tuple(seeds)


class End(Enum):
    """How an encounter ended."""

    PLAYED = "played"
    LEVEL = "level"
    """Nobody has won, and nobody has to."""

    SEED = "seed"
    """Level after all matches: who is seeded better goes on."""

    BYE = "bye"
    FORFEIT = "forfeit"
    """Somebody did not come; where neither did and one has to go on, it is the better seed."""

    VOID = "void"
    """It could not be played: level, and where one has to go on, it is the better seed."""


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
        end: How it ended; None while another match is needed.
        absent: Who forfeited it.
        matches: That were played.
    """

    key: str
    round: int
    first: int
    second: int | None
    winner: int | None = None
    points: tuple[float, float] = (0.0, 0.0)
    end: End | None = None
    absent: tuple[int, ...] = ()
    matches: int = 0

    @property
    def over(self) -> bool:
        """Whether no match is needed any more."""
        return self.end is not None

    @property
    def loser(self) -> int | None:
        """Who does not go on; None where nobody has won, and of a bye."""
        if self.winner is None or self.second is None:
            return None
        return self.second if self.winner == self.first else self.first


def met(
    plan: Plan, log: Log, key: str, round_: int, first: int, second: int, *, decide: bool
) -> Encounter:
    """An encounter as of its matches so far.

    With `decide` it goes on while it is level after `best_of` matches, up to three times as many;
    then the one who is seeded better goes on. A forfeit decides whatever was played before.
    """
    forfeit = log.forfeits.get(key)
    # What comes late is no part of a forfeit.
    played = log.scores.get(key, ()) if forfeit is None else ()
    mine = theirs = 0.0
    end: End | None = None
    number = 0
    for number, score in enumerate(played, start=1):
        mine, theirs = mine + score, theirs + 1.0 - score
        end = _end(plan, mine - theirs, number, decide=decide)
        if end is not None:
            break
    absent: tuple[int, ...] = ()
    winner = None
    if forfeit is not None:
        end = End.VOID if forfeit is Forfeit.VOID else End.FORFEIT
        absent = _absent(forfeit, first, second)
        if len(absent) == 1:
            winner = second if absent == (first,) else first
    elif end is End.PLAYED:
        winner = first if mine > theirs else second
    if winner is None and decide and end is not None:
        winner = min(first, second, key=plan.seed_of.__getitem__)
    points = mine, theirs
    return Encounter(key, round_, first, second, winner, points, end, absent, number)


def _end(plan: Plan, lead: float, number: int, *, decide: bool) -> End | None:
    """How it ends after so many matches, with such a lead; None when it goes on."""
    left = plan.best_of - number
    if left > 0 and abs(lead) <= left:
        return None
    if lead:
        return End.PLAYED
    if not decide:
        return End.LEVEL
    return End.SEED if number >= MORE_MATCHES * plan.best_of else None


def _absent(forfeit: Forfeit, first: int, second: int) -> tuple[int, ...]:
    match forfeit:
        case Forfeit.FIRST:
            return (first,)
        case Forfeit.SECOND:
            return (second,)
        case Forfeit.BOTH:
            return (first, second)
        case Forfeit.VOID:
            return ()


def bye(key: str, round_: int, entrant: int) -> Encounter:
    """An entrant who goes on without a match."""
    return Encounter(key, round_, entrant, None, entrant, end=End.BYE)
