"""Sufficient statistics of the log for rating: one row per pair of players and kind of match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats, Indices
from services.elo.models.counting.slots import home
from services.elo.models.counting.sums import Sums

COLUMNS = 15
_MATCHES = 4
_SUMS_FROM = 4  # before them: first, second, games, share
SEATED = 11
"""Of a row's cells, the one that says whether its games tell who had the first place."""
_FIRST_ROWS = 16
_MANY_ROWS = 20_000  # whose slots are made by compiled code


@dataclass(frozen=True)
class PairTable:
    """Results between pairs, as columns [rows]; a copy, safe to hand to another thread.

    A row is a pair of players together with the number of games in which they were opponents, and
    among how many comparisons a game's evidence is divided, and whether they tell who had the first
    place; a pair has several rows when its matches differ in these.

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
        seated: 1 where it is known who of the two had the first place in each game, else 0.
        ahead_games: Games in which `first` had it.
        ahead_wins: Of `win_mass`, what comes from those.
        ahead_draws: Of `draw_mass`, likewise.
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
    seated: Floats
    ahead_games: Floats
    ahead_wins: Floats
    ahead_draws: Floats

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
    """The growing pair table of a ladder; rows stand in the order of their first match.

    Rows are found by open addressing (Knuth, The Art of Computer Programming, volume 3, section
    6.4, algorithm L) on the pair alone, so all rows of a pair stand in one chain. Compiled code
    (`folding_kernels`) works on the same arrays.

    Attributes:
        cells: Rows [capacity, 15]: first, second, games, share, then the sums of `PairTable`.
        slots: Numbers of rows by hash, or -1 [a power of two, at least twice the rows].
        count: Rows that are used.
    """

    def __init__(self, cells: Floats | None = None) -> None:
        rows = np.empty((0, COLUMNS)) if cells is None else cells
        self.count = len(rows)
        self.cells = np.zeros((max(_FIRST_ROWS, len(rows)), COLUMNS))
        self.cells[: self.count] = rows
        self.slots: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._flat = plain(self.cells.reshape(-1))
        self._make_slots()

    def reserve(self, rows: int) -> None:
        """Makes room for so many more rows."""
        if self.count + rows > len(self.cells):
            larger = np.zeros((max(2 * len(self.cells), self.count + rows), COLUMNS))
            larger[: self.count] = self.cells[: self.count]
            self.cells, self._flat = larger, plain(larger.reshape(-1))
        if 2 * (self.count + rows) > len(self.slots):
            self._make_slots(self.count + rows)

    def add(self, one: int, other: int, share: int, sums: Sums, *, times: float = 1.0) -> None:
        """Adds what a match tells of two players; `sums` take the view of `one`.

        `times` is -1 where a match that was added is taken back.
        """
        if one > other:
            one, other, sums = other, one, sums.reversed()
        self.reserve(1)
        added: tuple[float, ...] = (1.0, *sums[1:6], sums.score * sums.score)
        ahead: tuple[float, ...] = sums[8:]
        seated = sums.seated
        if times != 1.0:
            added = tuple(times * value for value in added)
            ahead = tuple(times * value for value in ahead)
        key = (one, other, sums.games, share)
        flat, slots, mask = self._flat, self._slots, len(self._slots) - 1
        slot = home(one, other, mask)
        while (row := slots[slot]) >= 0:
            cell = row * COLUMNS
            found = (flat[cell], flat[cell + 1], flat[cell + 2], flat[cell + 3])
            if found == key and flat[cell + SEATED] == seated:
                for value in added:
                    flat[cell + _SUMS_FROM] += value
                    cell += 1
                for value in ahead:
                    flat[cell + _SUMS_FROM + 1] += value
                    cell += 1
                return
            slot = (slot + 1) & mask
        slots[slot] = self.count
        cell = self.count * COLUMNS
        for value in (*key, *added, seated, *ahead):
            flat[cell] = value
            cell += 1
        self.count += 1

    def table(self) -> PairTable:
        """All rows but those whose matches were all taken back."""
        rows = self.rows
        if len(rows) and rows[:, _MATCHES].min() <= 0.0:
            rows = rows[rows[:, _MATCHES] > 0.0]
        columns = rows.T.copy()
        return PairTable(columns[0].astype(np.intp), columns[1].astype(np.intp), *columns[2:])

    @property
    def rows(self) -> Floats:
        """The cells of all rows that are used; a view."""
        used: Floats = self.cells[: self.count]
        return used

    def between(self, one: int, other: int) -> Meeting | None:
        """All results of two players from the view of `one`; None when they never met."""
        rows = self._rows_of(min(one, other), max(one, other))
        if not rows:
            return None
        matches = games = wins = draws = 0
        score = 0.0
        for row in sorted(rows):
            cells = self.cells[row].tolist()
            matches += int(cells[4])
            games += int(cells[2] * cells[4])
            wins, draws = wins + int(cells[5]), draws + int(cells[6])
            score += cells[7] + cells[8] / 2.0
        if not matches:
            return None
        if one > other:  # the rows take the view of the lower index
            wins, score = games - draws - wins, games - score
        return Meeting(matches, games, wins, draws, score)

    def _rows_of(self, first: int, second: int) -> list[int]:
        found: list[int] = []
        mask = len(self.slots) - 1
        slot = home(first, second, mask)
        while (row := int(self.slots[slot])) >= 0:
            if self.cells[row, 0] == first and self.cells[row, 1] == second:
                found.append(row)
            slot = (slot + 1) & mask
        return found

    def _make_slots(self, rows: int = 0) -> None:
        size = 4 * _FIRST_ROWS
        while size < 4 * max(rows, self.count):
            size *= 2
        self.slots = np.full(size, -1, np.int32)
        self._slots = plain(self.slots)
        if self.count > _MANY_ROWS:
            from services.elo.models.counting import folding_kernels

            place: Callable[..., None] = folding_kernels.place
            place(self.cells, self.count, self.slots)
            return
        pairs = self.cells[: self.count, :2].astype(int).tolist()
        for row, (first, second) in enumerate(pairs):
            slot = home(first, second, size - 1)
            while self.slots[slot] >= 0:
                slot = (slot + 1) & (size - 1)
            self.slots[slot] = row


def plain(array: npt.NDArray[Any]) -> Any:
    """A view that gives and takes plain numbers, several times as fast as an array does."""
    return memoryview(array)  # type: ignore[arg-type]
