"""The nouns of the result log: a match, its games, and how one player did against another."""

from __future__ import annotations

from typing import NamedTuple


class Game(NamedTuple):
    """One game of a match, that is one rotation of the start places.

    Attributes:
        game_id: Identifier in the Game service; may be empty.
        rotation: Which rotation of the start places; no two games of a match share one.
        scores: By participant, each in 0..1; of two participants they add up to 1.
        steps: By participant in a time trial, else one number.
        termination: Number of the wire enum `Termination`.
    """

    game_id: str
    rotation: int
    scores: tuple[float, ...]
    steps: tuple[int, ...]
    termination: int


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
    """

    match_id: str
    ladder: str
    seed: int
    rules_hash: str
    participants: tuple[str, ...]
    games: tuple[Game, ...]
    finish_nanoseconds: int


class LoggedMatch(NamedTuple):
    """A match and its place in the log; a later place has a higher number."""

    sequence: int
    match: Match


def pair_score(scores: tuple[float, ...], first: int, second: int) -> float:
    """Score in 0..1 of one participant against another in one game.

    Of two participants it is the game's score. Of more, only the order of the two counts: 1 ahead,
    1/2 level, 0 behind.
    """
    if len(scores) == 2:
        return scores[first]
    if scores[first] == scores[second]:
        return 0.5
    return 1.0 if scores[first] > scores[second] else 0.0
