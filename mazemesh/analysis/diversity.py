"""How much the members of a population differ: in whom they beat, and in what they do."""

from __future__ import annotations

import numpy as np

from mazemesh.analysis.journal import Floats

_ROUNDS = 100_000
_GAIN = 1e-5


def effective_diversity(score: Floats) -> float:
    """How much the best players beat one another, 0..1/2; 0 where one is best against all.

    With A = 2 score - 1, the payoffs of a symmetric zero-sum game, and p a Nash equilibrium of it,

        d = sum over i, j of p_i p_j max(A_ij, 0)

    (effective diversity; Balduzzi et al. 2019, Open-ended learning in symmetric zero-sum games).
    Rock, paper and scissors have 1/3; players of whom each beats all before it have 0. Players who
    have not met are taken to be even.

    Args:
        score: Mean score of row against column, 0..1, [players, players]; NaN where they have not
            met. score_ij + score_ji = 1; the diagonal is not read.
    """
    payoff = _payoff(score)
    if not len(payoff):
        return 0.0
    mixture = nash(payoff)
    return float(mixture @ np.maximum(payoff, 0.0) @ mixture)


def nash(payoff: Floats) -> Floats:
    """A Nash equilibrium of a symmetric zero-sum game, [players]; which of several is not defined.

    The average strategy of predictive regret matching+ against itself (Farina, Kroer and Sandholm
    2021, Faster game solving via predictive Blackwell approachability, section 5), until a
    deviation gains less than `_GAIN` of the largest payoff.

    Args:
        payoff: Of row against column, [players, players], antisymmetric.
    """
    count = len(payoff)
    scale = float(np.abs(payoff).max()) or 1.0
    regret, gain, total = np.zeros(count), np.zeros(count), np.zeros(count)
    for turn in range(1, _ROUNDS + 1):
        expected = np.maximum(regret + gain, 0.0)
        mass = expected.sum()
        strategy = expected / mass if mass > 0 else np.full(count, 1.0 / count)
        total += turn * turn * strategy
        # The value of the game against oneself is 0: the payoffs themselves are the regrets.
        gain = payoff @ strategy / scale
        regret = np.maximum(regret + gain, 0.0)
        if turn % 100 == 0 and (payoff @ total).max() <= _GAIN * scale * total.sum():
            break
    result: Floats = total / total.sum()
    return result


def _payoff(score: Floats) -> Floats:
    payoff = np.nan_to_num(2.0 * np.asarray(score, np.float64) - 1.0)
    np.fill_diagonal(payoff, 0.0)
    result: Floats = (payoff - payoff.T) / 2.0
    return result


def behavioural_diversity(policies: Floats) -> float:
    """Mean Jensen-Shannon divergence of all pairs of policies, 0..1.

    In bits, over situations that are the same for all of them (Lin 1991, section 4): 0 where all do
    the same, 1 where no two ever do the same.

    Args:
        policies: Probabilities of actions, [policies, situations, actions]; each sums to 1.
    """
    distances = divergences(policies)
    above = np.triu_indices(len(distances), 1)
    return float(distances[above].mean()) if len(above[0]) else 0.0


def divergences(policies: Floats) -> Floats:
    """Jensen-Shannon divergence of each pair in bits, mean over situations, [policies, policies].

    JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2 with H the entropy.

    Args:
        policies: As for `behavioural_diversity`.
    """
    own = _entropy(policies)
    found = np.zeros((len(policies), len(policies)))
    for index, policy in enumerate(policies):
        mixed = _entropy((policies + policy) / 2.0)
        found[index] = (mixed - (own + own[index]) / 2.0).mean(axis=1)
    return np.clip(found, 0.0, 1.0)


def _entropy(probabilities: Floats) -> Floats:
    """Of the last axis, in bits."""
    safe = np.where(probabilities > 0, probabilities, 1.0)
    result: Floats = -(probabilities * np.log2(safe)).sum(axis=-1)
    return result
