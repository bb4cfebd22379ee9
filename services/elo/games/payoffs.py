"""Payoffs between players, as far as results tell of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.elo.models.arrays import Floats


@dataclass(frozen=True)
class Payoffs:
    """Scores of players against each other, n x n; a player against itself scores 1/2.

    Attributes:
        scores: Sum of the row's scores in games against the column [n, n].
        games: Games of the two, counted for as much as they tell [n, n]; symmetric.
        expected: Mean score that the ratings expect [n, n].
    """

    scores: Floats
    games: Floats
    expected: Floats

    @property
    def mean(self) -> Floats:
        """Posterior means [n, n].

        The prior of a pair is what the ratings expect of it, with the weight of `PRIOR_GAMES`: who
        has not met is taken for as good as its rating, and 1/2 would be a draw that nobody played.
        """
        a, b = self._shapes()
        return _mirrored(a / (a + b))

    @property
    def deviation(self) -> Floats:
        """Posterior standard deviations [n, n], 0 on the diagonal."""
        a, b = self._shapes()
        deviation = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))
        np.fill_diagonal(deviation, 0.0)
        return deviation

    def drawn(self, count: int, rng: np.random.Generator) -> Floats:
        """Draws from the posterior [count, n, n], each with p[i, j] + p[j, i] = 1."""
        a, b = self._shapes()
        return _mirrored(rng.beta(a, b, (count, *a.shape)))

    def residuals(self) -> Floats:
        """How far scores are from what the ratings expect, in standard deviations [n, n].

        0 where two have not met. By chance one in twenty is beyond 2; a cycle shows as several.
        """
        met = self.games > 0
        games = np.where(met, self.games, 1.0)
        # Of a game that is won or lost; one that may be drawn varies less, so this errs to less.
        variance = self.expected * (1.0 - self.expected) / games
        apart = (self.scores / games - self.expected) / np.sqrt(np.maximum(variance, 1e-9))
        return np.where(met, apart, 0.0)

    def _shapes(self) -> tuple[Floats, Floats]:
        prior = PRIOR_GAMES * np.clip(self.expected, 0.02, 0.98)
        return self.scores + prior, self.games - self.scores + PRIOR_GAMES - prior


PRIOR_GAMES = 4.0


def _mirrored(upper: Floats) -> Floats:
    """What stands above the diagonal decides what is below it [..., n, n]."""
    above = np.triu(upper, 1)
    below = np.tril(1.0 - np.swapaxes(upper, -1, -2), -1)
    mirrored: Floats = above + below + np.eye(upper.shape[-1]) / 2.0
    return mirrored
