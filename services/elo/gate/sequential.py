"""A gate: whether matches so far tell that a candidate is better than a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from services.elo.models.arrays import Floats

PATH_POINTS = 256
"""Ratios that are kept of how the evidence grew; before there are so many, every other one goes."""

SCALE = 800.0 / math.log(10.0)
"""Normalized Elo of a game whose mean score is a standard deviation from 1/2: it is Elo where every
game is won or lost and both are about as likely."""


class Verdict(Enum):
    """What a gate has found."""

    RUNNING = "running"
    """The matches do not tell yet."""

    PASSED = "passed"
    """The candidate is better by the second bound, as far as beta allows to say so."""

    FAILED = "failed"
    """It is not better than the first bound, as far as alpha allows to say so."""

    CAPPED = "capped"
    """As many matches as it may take were played, and do not tell: not passed."""

    FORGOTTEN = "forgotten"
    """The candidate is better than the baseline, but loses to an ancestor: not passed."""


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What a gate tests.

    Attributes:
        elo0: Normalized Elo at which it should fail.
        elo1: Normalized Elo at which it should pass; higher than `elo0`.
        alpha: Chance of passing at `elo0`, in 0..1/2.
        beta: Chance of failing at `elo1`, in 0..1/2.
        cap: Matches after which it ends in any case.
        games: Games of a match, of whose scores it takes the mean: 2 where seats are swapped.
    """

    elo0: float = 0.0
    elo1: float = 20.0
    alpha: float = 0.05
    beta: float = 0.05
    cap: int = 20_000
    games: int = 2

    @property
    def lower(self) -> float:
        """Log-likelihood ratio at which it fails (Wald 1945, Sequential Tests, section 3)."""
        return math.log(self.beta / (1.0 - self.alpha))

    @property
    def upper(self) -> float:
        """Log-likelihood ratio at which it passes."""
        return math.log((1.0 - self.beta) / self.alpha)

    @property
    def scores(self) -> Floats:
        """Scores that a match can have, [2 games + 1]: each game is lost, drawn or won."""
        return np.arange(2 * self.games + 1) / (2.0 * self.games)

    def ratio(self, counts: Sequence[int]) -> float:
        """Log-likelihood ratio of `elo1` over `elo0`, given how many matches had each score."""
        from services.elo.gate.likelihood import log_likelihood_ratio  # numba, for who has a gate

        # A match's mean deviates less than a game by the root of its games.
        per_match = math.sqrt(self.games) / SCALE
        return log_likelihood_ratio(
            self.scores,
            np.array(counts, np.float64),
            self.elo0 * per_match,
            self.elo1 * per_match,
        )

    def column(self, score: float) -> int:
        """Which of `scores` is the nearest to the score of a match in 0..1."""
        return round(score * 2 * self.games)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate makes of matches.

    Attributes:
        verdict: Whether it has ended, and how.
        ratio: Log-likelihood ratio, as of the match at which it ended.
        counts: How many of the matches it has seen had each score [2 games + 1]; [0] before any.
        path: Ratios after `stride`, 2 `stride`, ... matches; empty of gates that were kept without.
        stride: Matches between two of these, a power of two.
    """

    verdict: Verdict
    ratio: float
    counts: tuple[int, ...]
    path: tuple[float, ...] = ()
    stride: int = 1

    @property
    def matches(self) -> int:
        """Matches that it has seen."""
        return sum(self.counts)

    @property
    def points(self) -> list[tuple[int, float]]:
        """Matches and the ratio after them, in their order, the last among them."""
        points = [(self.stride * place, ratio) for place, ratio in enumerate(self.path, 1)]
        if self.counts and (not points or points[-1][0] != self.matches):
            points.append((self.matches, self.ratio))
        return points


NOTHING = Finding(Verdict.RUNNING, 0.0, ())
"""Before the first match."""


def go_on(hypotheses: Hypotheses, found: Finding, scores: Iterable[float]) -> Finding:
    """What a gate makes of further matches, one by one, in the order in which they were issued.

    It ends at the first match that decides: those after it are not seen. So a finding depends on
    the matches alone, not on how many of them came at once. That they are taken in the order of
    issue is up to the caller: short games are over first, and are not like the others.

    Args:
        hypotheses: What is tested.
        found: What was found in all matches before.
        scores: Of the candidate in each match, in 0..1.
    """
    counts = list(found.counts) or [0] * len(hypotheses.scores)
    seen, ratio, verdict = found.matches, found.ratio, found.verdict
    path, stride = list(found.path), found.stride
    for score in scores:
        if verdict is not Verdict.RUNNING:
            break
        counts[hypotheses.column(score)] += 1
        seen += 1
        ratio = hypotheses.ratio(counts)
        if seen == stride * (len(path) + 1):  # of a gate that was kept without a path it never is
            path.append(ratio)
            if len(path) == PATH_POINTS:
                path, stride = path[1::2], 2 * stride
        if ratio >= hypotheses.upper:
            verdict = Verdict.PASSED
        elif ratio <= hypotheses.lower:
            verdict = Verdict.FAILED
        elif seen >= hypotheses.cap:
            verdict = Verdict.CAPPED
    if seen == found.matches:
        return found
    return Finding(verdict, ratio, tuple(counts), tuple(path), stride)
