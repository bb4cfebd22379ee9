"""Alpha-rank: how often a population that imitates who wins plays each player.

Omidshafiei et al. (2019), alpha-Rank: Multi-Agent Evaluation by Evolution, section 2.4, for one
population: all play one player; a mutant comes and takes over, or does not, with the fixation
probability of the Moran process. What is played in the long run is the stationary distribution of
that Markov chain. Unlike an equilibrium it is unique and there is no choice to make, and players of
a cycle share what it has.
"""

from __future__ import annotations

import numpy as np

from services.elo.models.arrays import Floats

ALPHA = 100.0
"""How sure selection is; large, so that the one who wins on the mean takes over."""

POPULATION = 50
"""m of the paper."""


def alpha_rank(payoffs: Floats, alpha: float = ALPHA) -> Floats:
    """The stationary distribution [n], shares that add up to 1.

    Args:
        payoffs: Mean scores p[i, j] = 1 - p[j, i] in 0..1 [n, n].
        alpha: Ranking intensity.
    """
    n = len(payoffs)
    if n == 1:
        return np.ones(1)
    # A mutant i among j scores p[i, j], the others p[j, i].
    fixation = _fixation(payoffs - payoffs.T, alpha)
    moves = fixation.T / (n - 1)
    np.fill_diagonal(moves, 0.0)
    np.fill_diagonal(moves, 1.0 - moves.sum(axis=1))
    return _stationary(moves)


def _fixation(advantage: Floats, alpha: float) -> Floats:
    """Chance that one mutant takes the population over [n, n]: mutant by row."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        exponent = alpha * advantage
        # (1 - exp(-x)) / (1 - exp(-m x)), and exp((m - 1) x) of it for x < 0, which overflows not.
        positive = np.expm1(-exponent) / np.expm1(-POPULATION * exponent)
        negative = (
            np.exp((POPULATION - 1) * exponent)
            * np.expm1(exponent)
            / np.expm1(POPULATION * exponent)
        )
        chance = np.where(exponent > 0, positive, negative)
    level = np.abs(exponent) < 1e-12
    # So that the chain has one end, wherever one never wins.
    fixation: Floats = np.maximum(np.where(level, 1.0 / POPULATION, chance), _NEVER)
    return fixation


_NEVER = 1e-12


def _stationary(moves: Floats) -> Floats:
    """The distribution that a chain keeps; by elimination without differences (GTH 1985).

    Grassmann, Taksar and Heyman (1985), Regenerative Analysis and Steady State Distributions for
    Markov Chains: no subtraction, so chances of 1e-12 beside 1 lose nothing.
    """
    chain = moves.copy()
    n = len(chain)
    for last in range(n - 1, 0, -1):
        out = chain[last, :last].sum()
        chain[:last, last] /= out
        chain[:last, :last] += np.outer(chain[:last, last], chain[last, :last])
    shares = np.zeros(n)
    shares[0] = 1.0
    for state in range(1, n):
        shares[state] = shares[:state] @ chain[:state, state]
    stationary: Floats = shares / shares.sum()
    return stationary
