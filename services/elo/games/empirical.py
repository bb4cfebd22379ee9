"""All that is told of the game between some players."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.elo.games.alpha_rank import alpha_rank
from services.elo.games.cycles import Cycle, cycles
from services.elo.games.nash import equilibrium, skills
from services.elo.games.payoffs import Payoffs
from services.elo.models.arrays import Floats

_DRAWS = 200
_CHANCE, _MOST_CYCLES = 0.5, 100
_MOST_PAIRS = 16


class Telling(NamedTuple):
    """Two players of whom another match would tell much; see `_telling`."""

    player: int
    opponent: int
    weight: float


@dataclass(frozen=True)
class EmpiricalGame:
    """What follows from payoffs; see GetEmpiricalGameResponse in elo.proto.

    Attributes:
        mean, deviation, residuals: Of `Payoffs` [n, n].
        nash_shares, nash_scores: [n].
        alpha_ranks, low, high: [n].
        cycles: The likeliest first.
        telling: The most telling first.
    """

    mean: Floats
    deviation: Floats
    residuals: Floats
    nash_shares: Floats
    nash_scores: Floats
    alpha_ranks: Floats
    low: Floats
    high: Floats
    cycles: list[Cycle]
    telling: list[Telling]


def analysed(payoffs: Payoffs, alpha: float, rng: np.random.Generator) -> EmpiricalGame:
    """Some tenths of a second for 64 players."""
    mean, deviation = payoffs.mean, payoffs.deviation
    drawn = payoffs.drawn(_DRAWS, rng)
    ranks = np.array([alpha_rank(each, alpha) for each in drawn])
    low, high = np.quantile(ranks, (0.025, 0.975), axis=0)
    shares = equilibrium(mean)
    return EmpiricalGame(
        mean=mean,
        deviation=deviation,
        residuals=payoffs.residuals(),
        nash_shares=shares,
        nash_scores=skills(mean, shares),
        alpha_ranks=alpha_rank(mean, alpha),
        low=low,
        high=high,
        cycles=cycles(drawn, _CHANCE, _MOST_CYCLES),
        telling=_telling(deviation, shares),
    )


def _telling(deviation: Floats, shares: Floats) -> list[Telling]:
    """Pairs by the variance of their score, times the share that either has in the equilibrium.

    What a player with a share scores against anybody decides who has one: against those without a
    share too, who may be better than they look.
    """
    weights = deviation**2 * (shares[:, None] + shares[None, :])
    first, second = np.triu_indices(len(shares), 1)
    order = np.argsort(-weights[first, second], kind="stable")[:_MOST_PAIRS]
    return [
        Telling(int(first[at]), int(second[at]), float(weights[first[at], second[at]]))
        for at in order
    ]
