"""Games won, drawn or lost by players of known strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.elo.log.batch import Duels
from services.elo.standings.folding.ladder import Ladder

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

PER_POINT = np.log(10.0) / 400.0
_AT_ONCE = 20_000


@dataclass(frozen=True)
class Games:
    """Duels of the same number of games.

    Attributes:
        names: Of the players.
        first: Index of the first player [duels].
        second: Of the second.
        scores: Of the first [duels, games].
    """

    names: list[str]
    first: Indices
    second: Indices
    scores: Floats

    @classmethod
    def drawn(
        cls,
        rng: np.random.Generator,
        names: list[str],
        ratings: Floats,
        count: int,
        *,
        games: int = 1,
        nu: float = 0.0,
        correlation: float = 0.0,
    ) -> Games:
        """Duels of pairs at random.

        Args:
            rng: Draws.
            names: Of the players.
            ratings: True ones, in points.
            count: Duels.
            games: Of each.
            nu: Davidson's draw parameter; 0: nobody draws.
            correlation: Chance that the later games of a duel repeat the luck of the first.
        """
        players = len(names)
        first = rng.integers(0, players, count)
        second = (first + rng.integers(1, players, count)) % players
        odds = np.exp((ratings[first] - ratings[second]) * PER_POINT / 2.0)[:, None]
        luck = rng.random((count, games))
        repeat = rng.random(count) < correlation
        luck[repeat] = luck[repeat, :1]
        luck *= odds + nu + 1.0 / odds
        scores = np.where(luck < odds, 1.0, np.where(luck < odds + nu, 0.5, 0.0))
        return cls(names, first, second, scores)

    def duels(self, ladder: str = "race") -> Duels:
        """The same as the service carries them, first places by turns."""
        count, games = self.scores.shape
        flat = self.scores.ravel()
        names = self.names
        return Duels(
            [ladder] * count,
            [names[one] for one in self.first.tolist()],
            [names[one] for one in self.second.tolist()],
            np.full(count, games),
            np.arange(count) * games,
            np.stack([flat, 1.0 - flat], axis=1),
            np.arange(count),
            np.where(np.arange(count * games) % 2 == 0, 1, -1),
        )


def folded(duels: Duels, *, models: bool = True) -> Ladder:
    """A ladder that took them in; other models too, or the headline's counts alone."""
    ladder = Ladder("race")
    if not models:
        ladder.skills = None
    for start in range(0, len(duels), _AT_ONCE):
        part = duels.select(slice(start, start + _AT_ONCE))
        ladder.fold_duels(np.arange(start + 1, start + 1 + len(part)), part)
        ladder.tail.forget(ladder.high_water)
    if ladder.skills is not None:
        ladder.skills.settle()
    return ladder
