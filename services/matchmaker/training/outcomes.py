"""How a student fares against each opponent: an exponentially forgetting win rate.

A training game counts as one observation (win 1, draw 1/2, loss 0). After n further games an older
one weighs decay ** n, so the rate follows a student that learns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

UNSEEN = 0.5
"""Win rate of an opponent that was never met."""

MOST_FORMS = 16_384
"""Pairs of student and opponent that are remembered; those that met longest ago are forgotten."""

# An opponent met once must not look unbeatable: two imaginary draws stand beside the games.
_PRIOR_GAMES = 2.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Finished games of a student against one opponent, who held all other sides of `sides`.

    Of s equal sides each wins 1 in s. So that an equal has 1/2 whatever s, a loss weighs
    1 / (s - 1): by Luce's choice axiom (Luce 1959, Individual Choice Behavior) the odds against
    s - 1 equal ones are 1 / (s - 1) of those against one, so the rate is then that of a duel. A
    draw weighs 2 / s, as a game of equals does on average.
    """

    wins: int
    draws: int
    losses: int
    sides: int = 2

    @property
    def games(self) -> int:
        """All of them."""
        return self.wins + self.draws + self.losses

    @property
    def weight(self) -> float:
        """What all of them weigh, in games of two sides."""
        return self.wins + self.draws * 2.0 / self.sides + self.losses / (self.sides - 1)

    @property
    def score(self) -> float:
        """Sum of the student's scores: a win has its whole weight, a draw half of it."""
        return self.wins + self.draws / self.sides


@dataclass(frozen=True, slots=True)
class Form:
    """Decayed record against one opponent.

    Attributes:
        score: Decayed sum of scores.
        weight: Decayed number of games; at most 1 / (1 - decay).
        games: All games, undecayed.
    """

    score: float = 0.0
    weight: float = 0.0
    games: int = 0

    @property
    def win_rate(self) -> float:
        """Expected score in 0..1, drawn towards 1/2 while games are few."""
        return (self.score + UNSEEN * _PRIOR_GAMES) / (self.weight + _PRIOR_GAMES)

    def after(self, outcomes: Outcomes, decay: float) -> Form:
        """The record after these games, whose order is unknown: each counts their mean score."""
        if not outcomes.games:
            return self
        kept = decay**outcomes.games
        games = (1.0 - kept) / (1.0 - decay)
        return Form(
            self.score * kept + games * outcomes.score / outcomes.games,
            self.weight * kept + games * outcomes.weight / outcomes.games,
            self.games + outcomes.games,
        )


def decay_of(half_life: float) -> float:
    """What a game weighs of the one after it, where `half_life` games later it weighs half."""
    return float(0.5 ** (1.0 / half_life))


class Forms:
    """The records of all (student, opponent) pairs.

    `half_life` is the number of games after which a game weighs half.
    """

    def __init__(
        self, half_life: float, forms: Mapping[tuple[str, str], Form] | None = None
    ) -> None:
        self._decay = decay_of(half_life)
        self._forms: dict[tuple[str, str], Form] = dict(forms or {})

    def record(self, student: str, opponent: str, outcomes: Outcomes) -> None:
        """Adds finished games."""
        key = student, opponent
        self.set(key, self._forms.get(key, Form()).after(outcomes, self._decay))

    def set(self, key: tuple[str, str], form: Form) -> None:
        """Replaces the record of a pair, who have met just now."""
        # Whoever was met last stands last.
        self._forms.pop(key, None)
        self._forms[key] = form
        while len(self._forms) > MOST_FORMS:
            del self._forms[next(iter(self._forms))]

    def of(self, student: str = "") -> Iterator[tuple[str, str, Form]]:
        """Student, opponent and record of all pairs, or those of one student, by name."""
        for name, opponent in sorted(self._forms):
            if student in ("", name):
                yield name, opponent, self._forms[name, opponent]

    def win_rate(self, student: str, opponent: str) -> float:
        """The student's expected score; `UNSEEN` when the two never met."""
        form = self._forms.get((student, opponent))
        return UNSEEN if form is None else form.win_rate
