"""Results as the service carries them: as columns where all are duels, else as matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.log.match import LoggedMatch, Match

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Duels(NamedTuple):
    """Matches of two participants each of whom plays for itself, as columns [matches].

    Attributes:
        ladders: Leaderboard of each.
        ones: First participant.
        others: Second participant.
        games: Games of each.
        starts: Row of `scores` at which the games of each begin.
        scores: Of both, [games of all, 2].
        finishes: When each ended, in nanoseconds since 1970-01-01 UTC.
        seats: `Game.seat` [games of all].
    """

    ladders: Sequence[str]
    ones: Sequence[str]
    others: Sequence[str]
    games: Integers
    starts: Integers
    scores: Floats
    finishes: Integers
    seats: Integers

    def __len__(self) -> int:
        """Number of matches; a tuple would say its fields."""
        return len(self.ones)

    @classmethod
    def of(cls, matches: Sequence[Match]) -> Duels | None:
        """The matches as columns; None unless all are duels."""
        if any(len(one.participants) != 2 or one.retracts for one in matches):
            return None
        games = [game for one in matches for game in one.games]
        if any(game.teams for game in games):
            return None
        counts = np.array([len(one.games) for one in matches], np.int64)
        return cls(
            [one.ladder for one in matches],
            [one.participants[0] for one in matches],
            [one.participants[1] for one in matches],
            counts,
            np.cumsum(counts) - counts,
            np.array([game.scores for game in games], np.float64),
            np.array([one.finish_nanoseconds for one in matches], np.int64),
            np.array([game.seat for game in games], np.int64),
        )

    def select(self, rows: Sequence[int] | slice) -> Duels:
        """Some of the matches, in the order of `rows`."""
        return Duels(
            _some(self.ladders, rows),
            _some(self.ones, rows),
            _some(self.others, rows),
            self.games[rows],
            self.starts[rows],
            self.scores,
            self.finishes[rows],
            self.seats,
        )


def _some(column: Sequence[str], rows: Sequence[int] | slice) -> Sequence[str]:
    return column[rows] if isinstance(rows, slice) else [column[row] for row in rows]


class Batch(NamedTuple):
    """Results that arrived together.

    Attributes:
        match_ids: Of each.
        payloads: The bytes that stand in the log for each; equal exactly when all is equal.
        content: What they say.
    """

    match_ids: Sequence[str]
    payloads: Sequence[bytes]
    content: Duels | Sequence[Match]


class LoggedBatch(NamedTuple):
    """Results and their places in the log, in ascending order."""

    sequences: Sequence[int]
    content: Duels | Sequence[Match]

    def matches(self) -> list[LoggedMatch]:
        """Each with its place, where they are no columns.

        Raises:
            TypeError: they are columns.
        """
        if isinstance(self.content, Duels):
            raise TypeError("columns are folded as they are")
        return list(map(LoggedMatch, self.sequences, self.content))
