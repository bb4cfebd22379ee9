"""Sufficient statistics of the log for rating: one row per pair of players and kind of match."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from services.elo.match import Game, pair_score

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_COLUMNS = 11
_SUMS_FROM = 4  # before them: first, second, games, participants


@dataclass(frozen=True)
class PairTable:
    """Results between pairs, as columns [rows]; a copy, safe to hand to another thread.

    A row is a pair of players together with the number of games and of participants of its matches;
    a pair has several rows when its matches differ in these.

    Attributes:
        first: Index of the player whose view the row takes.
        second: Index of the opponent.
        games: Games in each match of the row.
        participants: Participants of each match of the row.
        matches: Number of matches.
        wins: Games with a score above 1/2.
        draws: Games with a score of 1/2.
        win_mass: Wins, where a score between 1/2 and 1 is part win, part draw.
        draw_mass: Draws, counted likewise; the rest of the games are losses.
        game_squares: Sum over games of the squared score.
        match_squares: Sum over matches of the squared sum of its games' scores.
    """

    first: Indices
    second: Indices
    games: Floats
    participants: Floats
    matches: Floats
    wins: Floats
    draws: Floats
    win_mass: Floats
    draw_mass: Floats
    game_squares: Floats
    match_squares: Floats

    @property
    def scores(self) -> Floats:
        """Sum of the first player's scores over all games."""
        scores: Floats = self.win_mass + self.draw_mass / 2.0
        return scores

    @property
    def total_games(self) -> Floats:
        """Games over all matches."""
        total: Floats = self.games * self.matches
        return total


class Pairs:
    """The growing pair table of a ladder; rows stand in the order of their first match."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int, int, int], int] = {}
        self._rows_of_pair: dict[tuple[int, int], list[int]] = {}
        self._cells = array("d")  # row by row; an array grows cheaply and copies out at once

    def add(self, participants: Sequence[int], games: Sequence[Game]) -> None:
        """Adds a match; `participants` are players' indices in the order of the scores."""
        count = len(participants)
        for one, other in combinations(range(count), 2):
            first, second = (
                (one, other) if participants[one] < participants[other] else (other, one)
            )
            key = (participants[first], participants[second], len(games), count)
            self._add(key, _sums([pair_score(game.scores, first, second) for game in games]))

    def table(self) -> PairTable:
        """All rows."""
        return _as_table(self._matrix())

    def between(self, one: int, other: int) -> PairTable:
        """The rows of one pair; the lower index is `first`."""
        rows = self._rows_of_pair.get((min(one, other), max(one, other)), [])
        return _as_table(self._matrix()[rows])

    def _matrix(self) -> Floats:
        return np.frombuffer(self._cells).reshape(-1, _COLUMNS)

    def _add(self, key: tuple[int, int, int, int], sums: tuple[float, ...]) -> None:
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = row = len(self._rows)
            self._rows_of_pair.setdefault(key[:2], []).append(row)
            self._cells.extend(key)
            self._cells.extend(sums)
            return
        cell = row * _COLUMNS + _SUMS_FROM
        for value in sums:
            self._cells[cell] += value
            cell += 1


def _sums(scores: Iterable[float]) -> tuple[float, ...]:
    """What one match adds to the columns from `matches` on."""
    wins = draws = win_mass = draw_mass = squares = total = 0.0
    for score in scores:
        draw = 2.0 * min(score, 1.0 - score)
        wins += score > 0.5
        draws += score == 0.5
        win_mass += score - draw / 2.0
        draw_mass += draw
        squares += score * score
        total += score
    return (1.0, wins, draws, win_mass, draw_mass, squares, total * total)


def _as_table(matrix: Floats) -> PairTable:
    columns = matrix.T.copy()
    return PairTable(columns[0].astype(np.intp), columns[1].astype(np.intp), *columns[2:])
