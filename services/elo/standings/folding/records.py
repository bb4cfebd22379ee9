"""What the players of a ladder did, as columns that compiled code works on too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.elo.log.batch import Integers
from services.elo.models import online
from services.elo.models.arrays import Floats
from services.elo.models.counting.pairs import plain

_FIRST_PLAYERS = 16
_NUMBERS = 5


@dataclass(frozen=True, slots=True)
class Record:
    """What a player did on a ladder.

    Attributes:
        name: The player.
        online_rating: After its last match.
        matches: Matches played.
        wins: Games with a better score than all opponents.
        draws: Games in which nobody was better, but an opponent as good.
        losses: All other games.
        last_finish_nanoseconds: When its last match in the log ended, since 1970-01-01 UTC.
    """

    name: str
    online_rating: float
    matches: int
    wins: int
    draws: int
    losses: int
    last_finish_nanoseconds: int

    @property
    def games(self) -> int:
        """Games played."""
        return self.wins + self.draws + self.losses


class Records:
    """The players of a ladder in the order of their first match; a sequence of `Record`.

    Attributes:
        names: By player.
        ratings: Online ratings [capacity].
        numbers: Matches, wins, draws, losses and when the last match ended [5, capacity].
        online: `ratings`, for one at a time.
        matches: The first row of `numbers`, likewise.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ratings: Floats = np.empty(_FIRST_PLAYERS)
        self.numbers: Integers = np.empty((_NUMBERS, _FIRST_PLAYERS), np.int64)
        self._index: dict[str, int] = {}
        self._view()

    @classmethod
    def of(cls, names: Sequence[str], ratings: Floats, numbers: npt.NDArray[np.int64]) -> Records:
        """The records that `used` gave."""
        records = cls()
        for name in names:
            records.admit(name)
        records.ratings[: len(names)] = ratings
        records.numbers[:, : len(names)] = numbers
        return records

    def used(self) -> tuple[Floats, Integers]:
        """Copies of ratings [players] and numbers [5, players]."""
        count = len(self.names)
        return self.ratings[:count].copy(), self.numbers[:, :count].copy()

    @property
    def last_finishes(self) -> Integers:
        """When each one's last match in the log ended [capacity], nanoseconds since 1970."""
        finishes: Integers = self.numbers[4]
        return finishes

    def index(self, player: str) -> int | None:
        """The player's index; None for one that is not known."""
        return self._index.get(player)

    def indices(self, players: Sequence[str]) -> Integers:
        """The indices of many [players].

        Raises:
            KeyError: one is not known.
        """
        return np.fromiter(map(self._index.__getitem__, players), np.int64, len(players))

    def admit(self, player: str) -> int:
        """The player's index, the next one when it is new."""
        index = self._index.get(player)
        if index is None:
            self._index[player] = index = len(self.names)
            self.names.append(player)
            if index == len(self.ratings):
                self.ratings = np.concatenate([self.ratings, np.empty_like(self.ratings)])
                self.numbers = np.concatenate([self.numbers, np.empty_like(self.numbers)], axis=1)
                self._view()
            self.ratings[index] = online.START
            self.numbers[:, index] = 0
        return index

    def played(
        self, player: int, rating: float, outcomes: Sequence[int], finish_nanoseconds: int
    ) -> None:
        """Counts a match after which a player has a rating; `outcomes` are wins, draws, losses."""
        self.online[player] = rating
        self.matches[player] += 1
        for column, count in zip(self._outcomes, outcomes, strict=True):
            column[player] += count
        self._finishes[player] = finish_nanoseconds

    def _view(self) -> None:
        self.online = plain(self.ratings)
        self.matches = plain(self.numbers[0])
        self._outcomes = [plain(self.numbers[place]) for place in (1, 2, 3)]
        self._finishes = plain(self.numbers[4])

    def __len__(self) -> int:
        """Number of players."""
        return len(self.names)

    def __getitem__(self, player: int) -> Record:
        """A player's record as of now."""
        return Record(
            self.names[player],
            float(self.ratings[player]),
            *self.numbers[:, player].tolist(),
        )

    def __iter__(self) -> Iterator[Record]:
        """All records as of now."""
        return map(self.__getitem__, range(len(self.names)))
