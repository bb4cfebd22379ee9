"""What a policy can no longer do that one of its earlier versions could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from mazemesh.analysis.journal import Floats

_PRIOR_GAMES = 2.0
_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Milestone:
    """The newest version against one opponent, beside the best earlier version against it.

    Attributes:
        opponent: Its name.
        score: Mean score of the newest version, 0..1.
        games: Games behind it.
        best: Name of the earlier version that scored best.
        best_score: Its mean score.
        forgetting: best_score - score; below 0 where the newest is better than all before it.
        half_width: Of the 95 % interval of `forgetting`, were `best` chosen beforehand.
    """

    opponent: str
    score: float
    games: int
    best: str
    best_score: float
    forgetting: float
    half_width: float


def milestones(
    versions: Sequence[str],
    opponents: Sequence[str],
    score: Floats,
    games: Floats,
    *,
    min_games: int = 1,
) -> list[Milestone]:
    """How the last of `versions` does against each opponent, compared with those before it.

    With s(v, j) the mean score of version v against opponent j and n the newest version, the
    forgetting of j is max over v < n, v != j of s(v, j), minus s(n, j) (the forgetting measure of
    Chaudhry et al. 2018, Riemannian walk for incremental learning, with opponents as its tasks).
    Every score has two draws added to its games: otherwise the largest of many scores of few games
    would mostly be luck.

    Args:
        versions: Of one policy, oldest first.
        opponents: Older versions, bots, or others.
        score: Mean score of version against opponent, [versions, opponents]; NaN where they have
            not met.
        games: Games behind it, of the same shape.
        min_games: Pairs of fewer games are left out.
    """
    drawn = (np.nan_to_num(score) * games + 0.5 * _PRIOR_GAMES) / (games + _PRIOR_GAMES)
    known = games >= min_games
    found = []
    for column, opponent in enumerate(opponents):
        earlier = [
            row
            for row, version in enumerate(versions[:-1])
            if known[row, column] and version != opponent
        ]
        if not earlier or not known[-1, column] or opponent == versions[-1]:
            continue
        best = max(earlier, key=lambda row: float(drawn[row, column]))
        variance = sum(
            drawn[row, column] * (1 - drawn[row, column]) / (games[row, column] + _PRIOR_GAMES)
            for row in (best, -1)
        )
        found.append(
            Milestone(
                opponent,
                float(drawn[-1, column]),
                int(games[-1, column]),
                versions[best],
                float(drawn[best, column]),
                float(drawn[best, column] - drawn[-1, column]),
                _NORMAL_95 * sqrt(variance),
            )
        )
    return found


def mean_forgetting(found: Sequence[Milestone]) -> float | None:
    """Mean over the opponents; None without any."""
    return float(np.mean([one.forgetting for one in found])) if found else None
