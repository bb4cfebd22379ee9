"""Sufficient statistics of the log for rating: one row per pair of players and kind of match."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_COLUMNS = 11
_SUMS_FROM = 4  # before them: first, second, games, share


class Sums(NamedTuple):
    """What one match tells of two players, from the view of one; see `PairTable`."""

    games: int
    wins: float
    draws: float
    win_mass: float
    draw_mass: float
    game_squares: float
    score: float

    @classmethod
    def of(cls, scores: Iterable[float]) -> Sums:
        """Of scores in 0..1, one a game."""
        games = 0
        wins = draws = win_mass = draw_mass = squares = total = 0.0
        for score in scores:
            draw = 2.0 * min(score, 1.0 - score)
            games += 1
            wins += score > 0.5
            draws += score == 0.5
            win_mass += score - draw / 2.0
            draw_mass += draw
            squares += score * score
            total += score
        return cls(games, wins, draws, win_mass, draw_mass, squares, total)

    @classmethod
    def of_order(cls, games: int, wins: int, draws: int) -> Sums:
        """Of games that tell the order alone: 1 for a win, 1/2 for a draw."""
        squares, score = wins + draws / 4.0, wins + draws / 2.0
        return cls(games, float(wins), float(draws), float(wins), float(draws), squares, score)

    def reversed(self) -> Sums:
        """The same from the view of the other."""
        losses = self.games - self.win_mass - self.draw_mass
        # Of 1 - s, summed over the games.
        squares = self.games - 2.0 * self.score + self.game_squares
        return self._replace(
            wins=self.games - self.wins - self.draws,
            win_mass=losses,
            game_squares=squares,
            score=self.games - self.score,
        )


@dataclass(frozen=True)
class PairTable:
    """Results between pairs, as columns [rows]; a copy, safe to hand to another thread.

    A row is a pair of players together with the number of games in which they were opponents, and
    among how many comparisons a game's evidence is divided; a pair has several rows when its
    matches differ in these.

    Attributes:
        first: Index of the player whose view the row takes.
        second: Index of the opponent.
        games: Games in each match of the row.
        shares: Comparisons of which each counts for its part of a game: 1 of two players.
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
    shares: Floats
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


class Meeting(NamedTuple):
    """All results of two players: `score` is the sum of one's scores, as are `wins` its."""

    matches: int
    games: int
    wins: int
    draws: int
    score: float


class Pairs:
    """The growing pair table of a ladder; rows stand in the order of their first match."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int, int, int], int] = {}
        self._rows_of_pair: dict[tuple[int, int], list[int]] = {}
        self._cells = array("d")  # row by row; an array grows cheaply and copies out at once

    def add(self, one: int, other: int, share: int, sums: Sums) -> None:
        """Adds what a match tells of two players; `sums` take the view of `one`."""
        if one > other:
            one, other, sums = other, one, sums.reversed()
        key = (one, other, sums.games, share)
        added = (1.0, *sums[1:6], sums.score * sums.score)
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = row = len(self._rows)
            self._rows_of_pair.setdefault(key[:2], []).append(row)
            self._cells.extend(key)
            self._cells.extend(added)
            return
        cell = row * _COLUMNS + _SUMS_FROM
        for value in added:
            self._cells[cell] += value
            cell += 1

    def table(self) -> PairTable:
        """All rows."""
        return _as_table(self._matrix())

    def between(self, one: int, other: int) -> Meeting | None:
        """All results of two players from the view of `one`; None when they never met."""
        rows = self._rows_of_pair.get((min(one, other), max(one, other)))
        if rows is None:
            return None
        matches = games = wins = draws = 0
        score = 0.0
        for row in rows:
            cells = self._cells[row * _COLUMNS : (row + 1) * _COLUMNS]
            matches += int(cells[4])
            games += int(cells[2] * cells[4])
            wins, draws = wins + int(cells[5]), draws + int(cells[6])
            score += cells[7] + cells[8] / 2.0
        if one > other:  # the rows take the view of the lower index
            wins, score = games - draws - wins, games - score
        return Meeting(matches, games, wins, draws, score)

    def _matrix(self) -> Floats:
        return np.frombuffer(self._cells).reshape(-1, _COLUMNS)


def _as_table(matrix: Floats) -> PairTable:
    columns = matrix.T.copy()
    return PairTable(columns[0].astype(np.intp), columns[1].astype(np.intp), *columns[2:])
