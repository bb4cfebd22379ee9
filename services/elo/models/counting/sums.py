"""What one match tells of two players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Sums(NamedTuple):
    """What one match tells of two players, from the view of one; see `pairs.PairTable`.

    The last four are 0 unless every game tells who of the two had the first place.
    """

    games: int
    wins: float
    draws: float
    win_mass: float
    draw_mass: float
    game_squares: float
    score: float
    seated: float = 0.0
    ahead_games: float = 0.0
    ahead_wins: float = 0.0
    ahead_draws: float = 0.0

    @classmethod
    def of(cls, scores: Iterable[float], seats: Sequence[int] = ()) -> Sums:
        """Of scores in 0..1, one a game.

        Args:
            scores: Of the one.
            seats: By game, 1 where the one had the first place, -1 where the other had; empty or
                with a 0 where that is not told.
        """
        games = 0
        wins = draws = win_mass = draw_mass = squares = total = 0.0
        seated = bool(seats) and all(seats)
        ahead_games = ahead_wins = ahead_draws = 0.0
        for score in scores:
            draw = 2.0 * min(score, 1.0 - score)
            games += 1
            wins += score > 0.5
            draws += score == 0.5
            win_mass += score - draw / 2.0
            draw_mass += draw
            squares += score * score
            total += score
            if seated and seats[games - 1] > 0:
                ahead_games += 1.0
                ahead_wins += score - draw / 2.0
                ahead_draws += draw
        return cls(
            *(games, wins, draws, win_mass, draw_mass, squares, total),
            *(float(seated), ahead_games, ahead_wins, ahead_draws),
        )

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
        turned = self._replace(
            wins=self.games - self.wins - self.draws,
            win_mass=losses,
            game_squares=squares,
            score=self.games - self.score,
        )
        if not self.seated:
            return turned
        # Where the one was not ahead the other was, and lost what the one won there.
        draws = self.draw_mass - self.ahead_draws
        behind = self.games - self.ahead_games
        return turned._replace(
            ahead_games=behind,
            ahead_wins=behind - (self.win_mass - self.ahead_wins) - draws,
            ahead_draws=draws,
        )
