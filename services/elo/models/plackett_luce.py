"""A Bayesian rating of games among any number of teams, by the Plackett-Luce model.

Weng and Lin (2011), A Bayesian Approximation Method for Online Ranking, JMLR 12, algorithm 4: each
player has a skill with a mean and a deviation, a team's is the sum of its members', and the order
of a game is drawn place by place among who is left, in proportion to exp(skill / c). Teams that are
level count as if each had been ahead of the other once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from services.elo.models.reproducible import exp_of

MEAN = 25.0
DEVIATION = MEAN / 3.0
BETA = DEVIATION / 2.0
"""Deviation of how a player does in one game."""

KAPPA = 1e-4
"""A deviation shrinks by no more than to this share of its square."""


class Skill(NamedTuple):
    """What is believed of a player: a normal distribution."""

    mean: float = MEAN
    deviation: float = DEVIATION

    @property
    def ordinal(self) -> float:
        """What the player has with near certainty: three deviations below the mean."""
        return self.mean - 3.0 * self.deviation


def updated(teams: Sequence[Sequence[Skill]], scores: Sequence[float]) -> list[list[Skill]]:
    """The skills after a game; the same bits on every machine.

    Args:
        teams: The members of each team, two teams or more.
        scores: Of the teams; only their order counts, equal ones are level.
    """
    means = [sum(member.mean for member in team) for team in teams]
    variances = [sum(member.deviation * member.deviation for member in team) for team in teams]
    c = math.sqrt(sum(variances) + len(teams) * (BETA * BETA))
    top = max(means)
    powers = [exp_of((mean - top) / c) for mean in means]
    # For each team q, over all that were not ahead of it; and how many were level with it.
    sums = [
        sum(power for power, score in zip(powers, scores, strict=True) if score <= own)
        for own in scores
    ]
    level = [sum(score == own for score in scores) for own in scores]
    found: list[list[Skill]] = []
    for i, team in enumerate(teams):
        omega = delta = 0.0
        for q in range(len(teams)):
            if scores[q] < scores[i]:
                continue  # i was not among who was left
            share = powers[i] / sums[q]
            omega += ((1.0 - share) if q == i else -share) / level[q]
            delta += share * (1.0 - share) / level[q]
        omega *= variances[i] / c
        gamma = math.sqrt(variances[i]) / c
        delta *= gamma * variances[i] / (c * c)
        found.append([_member(member, variances[i], omega, delta) for member in team])
    return found


def _member(member: Skill, variance: float, omega: float, delta: float) -> Skill:
    share = member.deviation * member.deviation / variance
    return Skill(
        member.mean + share * omega,
        member.deviation * math.sqrt(max(1.0 - share * delta, KAPPA)),
    )
