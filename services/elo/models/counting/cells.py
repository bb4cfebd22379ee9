"""Games of a ladder by pair and by who had the first place, as the fit takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.elo.models.arrays import Floats, Indices
from services.elo.models.counting.pairs import PairTable


@dataclass(frozen=True)
class Cells:
    """Columns [cells]; each row of a table is one cell, or two where places are known.

    Attributes:
        rows: The row of the table that a cell is of.
        first: As in the table.
        second: As in the table.
        signs: 1 where `first` had the first place, -1 where `second` had it, 0 where that is not
            known.
        games: Number of games.
        win_mass: Of `first`.
        draw_mass: See `PairTable`.
    """

    rows: Indices
    first: Indices
    second: Indices
    signs: Floats
    games: Floats
    win_mass: Floats
    draw_mass: Floats

    @classmethod
    def of(cls, table: PairTable) -> Cells:
        """All games of a table; those of a row whose places are not known are one cell."""
        seated = table.seated != 0.0
        total = table.total_games
        ahead = np.flatnonzero(seated & (table.ahead_games > 0.0))
        rest = np.flatnonzero(~seated | (table.ahead_games < total))
        rows = np.concatenate([ahead, rest])
        signs = np.concatenate([np.ones(len(ahead)), np.where(seated[rest], -1.0, 0.0)])
        left = (table.ahead_games, table.ahead_wins, table.ahead_draws)
        whole = (total, table.win_mass, table.draw_mass)
        # Rows whose places are not known have nothing in `left`.
        columns = (
            np.concatenate([part[ahead], all_of[rest] - part[rest]])
            for part, all_of in zip(left, whole, strict=True)
        )
        return cls(rows, table.first[rows], table.second[rows], signs, *columns)

    @property
    def scores(self) -> Floats:
        """Sum of the scores of `first`."""
        scores: Floats = self.win_mass + self.draw_mass / 2.0
        return scores

    def by_row(self, values: Floats, rows: int) -> Floats:
        """Sums of the cells' values by row of the table."""
        return np.bincount(self.rows, values, rows).astype(np.float64)
