"""The nouns of the result log: a match, its games, and how one player did against another."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

LAST_NANOSECOND = 9_000_000_000 * 10**9
"""The latest time that a match can have ended, in the year 2255: what 64 bits hold."""


class Game(NamedTuple):
    """One game of a match, that is one rotation of the start places.

    Attributes:
        game_id: Identifier in the Game service; may be empty.
        rotation: Which rotation of the start places; no two games of a match share one. Of two
            participants the first has the first place under 0, the second under 1.
        scores: By participant, each in 0..1; of two participants they add up to 1.
        steps: By participant in a time trial, else one number.
        termination: Number of the wire enum `Termination`.
        teams: By participant, the number of its team in this game; those of a team have one score.
            Empty: each plays for itself.
    """

    game_id: str
    rotation: int
    scores: tuple[float, ...]
    steps: tuple[int, ...]
    termination: int
    teams: tuple[int, ...] = ()

    @property
    def seat(self) -> int:
        """Of two participants, who had the first place: 1 the first, -1 the second, 0 neither.

        In a time trial each has a game of its own.
        """
        if len(self.scores) != 2 or len(self.steps) > 1 or self.rotation > 1:
            return 0
        return -1 if self.rotation else 1


class Match(NamedTuple):
    """A finished match: one maze seed, played in one or more rotations. The unit of evidence.

    Attributes:
        match_id: Unique for ever.
        ladder: The leaderboard that it counts for.
        seed: Seed of the maze, 0..2**64 - 1.
        rules_hash: Hash of the rules it was played under; may be empty.
        participants: Players, two or more, all different.
        games: At least one.
        finish_nanoseconds: When it ended, since 1970-01-01 UTC.
        retracts: Id of the match that is taken back, which is the same but for this and its id;
            empty: none.
    """

    match_id: str
    ladder: str
    seed: int
    rules_hash: str
    participants: tuple[str, ...]
    games: tuple[Game, ...]
    finish_nanoseconds: int
    retracts: str = ""


def retraction_id(match_id: str) -> str:
    """Id of the entry that takes a match back: one for each."""
    return f"retracted/{hashlib.sha256(match_id.encode()).hexdigest()[:40]}"


class LoggedMatch(NamedTuple):
    """A match and its place in the log; a later place has a higher number."""

    sequence: int
    match: Match
