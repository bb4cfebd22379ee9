"""Nash averaging: the mix of players that nobody beats.

Balduzzi et al. (2018), Re-evaluating Evaluation, section 4: players are measured by how they do
against the equilibrium of the game in which each side sends a player. Copies of a weak player
change nothing in it, as they do in a mean over opponents; and of several equilibria the one of most
entropy is taken, which is unique.
"""

from __future__ import annotations

import numpy as np

from services.elo.models.arrays import Floats

_LEAST_TEMPERATURE = 1e-3
_COOLING = 0.7
_STEPS = 50


def equilibrium(payoffs: Floats) -> Floats:
    """The symmetric equilibrium of most entropy [n], shares that add up to 1.

    That of the game with an entropy bonus of weight t for both sides, which is unique, goes to it
    as t goes to 0 (McKelvey and Palfrey 1995, section 3: a logit equilibrium). p = softmax(A p / t)
    is solved by Newton's method for smaller and smaller t, each from the one before.

    Args:
        payoffs: Mean scores p[i, j] = 1 - p[j, i] in 0..1 [n, n].
    """
    advantage = payoffs - payoffs.T
    n = len(advantage)
    logits = np.zeros(n)
    temperature = 1.0
    while temperature > _LEAST_TEMPERATURE:
        temperature = max(temperature * _COOLING, _LEAST_TEMPERATURE)
        for _ in range(_STEPS):
            shares = _softmax(logits)
            error = logits - advantage @ shares / temperature
            error -= error.mean()
            if np.abs(error).max() < 1e-9:
                break
            # Never singular: A is antisymmetric and the other factor positive semidefinite, so the
            # eigenvalues of their product are imaginary.
            spread = np.diag(shares) - np.outer(shares, shares)
            step = np.linalg.solve(np.eye(n) - advantage @ spread / temperature, error)
            step -= step.mean()
            # Far from the solution a step may be too long to be believed.
            logits = logits - step * min(1.0, 4.0 / max(np.abs(step).max(), 1e-12))
            logits -= logits.mean()
    return _softmax(logits)


def skills(payoffs: Floats, shares: Floats) -> Floats:
    """Mean score of each player against a mix [n]; against the equilibrium nobody is above 1/2."""
    return payoffs @ shares


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares
