"""The points of players' histories that a ladder made, until they are in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.log.batch import Integers
from services.elo.models.arrays import Floats, Indices

Chosen = Indices | npt.NDArray[np.bool_] | slice


class Points(NamedTuple):
    """Steps of online ratings, as columns [points].

    Attributes:
        sequences: Places of the matches in the log; ascending.
        players: Index of the player.
        numbers: Which of its player's matches it is, from 0.
        ratings: The player's online rating after it.
        scores: The player's mean score over its games.
    """

    sequences: Integers
    players: Indices
    numbers: Integers
    ratings: Floats
    scores: Floats

    def __len__(self) -> int:
        """Number of points; a tuple would say its fields."""
        return len(self.sequences)

    def where(self, chosen: Chosen) -> Points:
        """Some of them."""
        return Points(
            self.sequences[chosen],
            self.players[chosen],
            self.numbers[chosen],
            self.ratings[chosen],
            self.scores[chosen],
        )

    @classmethod
    def joined(cls, parts: Sequence[Points]) -> Points:
        """One after the other."""
        if not parts:
            return NONE
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


NONE = Points(
    np.empty(0, np.int64),
    np.empty(0, np.intp),
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0),
)


class Tail:
    """The points after some place in the log; what the store has is forgotten."""

    def __init__(self) -> None:
        self._parts: list[Points] = []

    def append(self, points: Points) -> None:
        """Adds the points of later matches."""
        self._parts.append(points)

    def all(self) -> Points:
        """All of them."""
        if len(self._parts) > 1:
            self._parts = [Points.joined(self._parts)]
        return self._parts[0] if self._parts else NONE

    def forget(self, mark: int) -> None:
        """Drops those up to a place in the log."""
        points = self.all()
        if len(points) and points.sequences[0] <= mark:
            rest = slice(int(np.searchsorted(points.sequences, mark, "right")), None)
            # A copy, so that what is dropped does not stay as its base.
            kept = Points.joined([points.where(rest)])
            self._parts = [kept] if len(kept) else []

    def of(self, player: int, start: int, count: int) -> Points:
        """The points of a player from its match `start` on, at most `count`."""
        points = self.all()
        mine = np.flatnonzero((points.players == player) & (points.numbers >= start))
        return points.where(mine[:count])
