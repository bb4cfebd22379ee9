"""A ladder as it is plotted: rated players, their history, and who beat whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mazemesh.analysis.journal import Floats

Item = TypeVar("Item")


@dataclass(frozen=True)
class RatedPlayer:
    """A player on a ladder.

    Attributes:
        name: "race:12" or "bot/random".
        rating: Elo scale; low and high bound its 95 % interval.
        games: Games played.
    """

    name: str
    rating: float
    low: float
    high: float
    games: int

    @property
    def is_bot(self) -> bool:
        """Whether it is a built-in one."""
        return self.name.startswith("bot/")

    @property
    def version(self) -> int:
        """Of a policy; 0 for a bot."""
        number = self.name.rpartition(":")[2]
        return int(number) if number.isdigit() and not self.is_bot else 0


@dataclass(frozen=True)
class History:
    """A player's online rating after each of its matches, oldest first.

    Attributes:
        player: Its name.
        online_rating: [matches], Elo scale.
    """

    player: str
    online_rating: Floats


@dataclass(frozen=True)
class Pairing:
    """All results between two players.

    Attributes:
        player, opponent: Their names.
        games: Games played.
        score: Sum of the player's scores, 0..games.
    """

    player: str
    opponent: str
    games: int
    score: float


def snapshots_of(players: Sequence[RatedPlayer], policy: str) -> list[RatedPlayer]:
    """A policy's rated snapshots, by version."""
    own = [player for player in players if player.name.rpartition(":")[0] == policy]
    return sorted(own, key=lambda player: player.version)


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    picked = np.unique(np.linspace(0, len(items) - 1, most).round().astype(int))
    return [items[index] for index in picked]


def score_matrix(names: Sequence[str], pairings: Sequence[Pairing]) -> tuple[Floats, Floats]:
    """Mean score of row against column, 0..1, and the games behind it; both [names, names].

    The score is NaN where two have not met.
    """
    index = {name: position for position, name in enumerate(names)}
    games = np.zeros((len(names), len(names)))
    score = np.zeros_like(games)
    for pairing in pairings:
        if pairing.player in index and pairing.opponent in index:
            row, column = index[pairing.player], index[pairing.opponent]
            games[row, column] += pairing.games
            games[column, row] += pairing.games
            score[row, column] += pairing.score
            score[column, row] += pairing.games - pairing.score
    with np.errstate(invalid="ignore"):
        return score / np.where(games > 0, games, np.nan), games
