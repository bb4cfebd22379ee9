"""What the games of a comparison tell, counted by the maze on which they were played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Tally:
    """Outcomes of the first participant.

    Attributes:
        mazes: Wins, draws and losses on each maze. Its games resemble each other, so the maze and
            not the game is the unit of evidence.
    """

    mazes: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, leads: Iterable[Sequence[float]]) -> Tally:
        """From the leads over the opponent in the games of each maze: above, at or below 0."""
        return cls(
            tuple(
                (sum(x > 0 for x in maze), sum(x == 0 for x in maze), sum(x < 0 for x in maze))
                for maze in leads
                if maze
            )
        )

    def __add__(self, other: Tally) -> Tally:
        """Both, which have no maze in common."""
        return Tally(self.mazes + other.mazes)

    @property
    def wins(self) -> int:
        """Games won."""
        return sum(maze[0] for maze in self.mazes)

    @property
    def draws(self) -> int:
        """Games drawn."""
        return sum(maze[1] for maze in self.mazes)

    @property
    def losses(self) -> int:
        """Games lost."""
        return sum(maze[2] for maze in self.mazes)

    @property
    def games(self) -> int:
        """Number of games."""
        return self.wins + self.draws + self.losses

    @property
    def win_rate(self) -> float:
        """Share of games won outright."""
        return self.wins / max(self.games, 1)

    @property
    def score(self) -> float:
        """Share of points: a draw is half. 1/2 without games."""
        return (self.wins + 0.5 * self.draws) / self.games if self.games else 0.5

    def interval(self) -> tuple[float, float]:
        """95 % interval of the score, in 0..1.

        Mazes are independent of each other, games on one are not, so what varies are the mean
        scores x of the m mazes. To them are added z^2 imaginary ones with z = 1.96, half won and
        half lost (Agresti and Coull 1998, Approximate is better than "exact"; where each maze is
        won or lost as a whole it is their interval). So it has a width when all x are equal, as
        when all games are drawn, which then falls with 1 / m.
        """
        scores = [(won + 0.5 * drawn) / (won + drawn + lost) for won, drawn, lost in self.mazes]
        added = _NORMAL_95 * _NORMAL_95
        count = len(scores) + added
        mean = (sum(scores) + added / 2.0) / count
        squares = sum((x - mean) ** 2 for x in scores)
        squares += added / 2.0 * ((1.0 - mean) ** 2 + mean**2)
        reach = _NORMAL_95 * sqrt(squares) / count
        return max(mean - reach, 0.0), min(mean + reach, 1.0)
