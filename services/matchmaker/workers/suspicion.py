"""Whose results contradict those of others, and what no worker can have played so fast.

Each result is held against what the ratings expect, and put in the stratum of one of its players.
In a stratum, where a worker's results are no others than the rest, its n of the N results are a
draw without replacement: the sum of their residuals has the mean n m and the variance
n (N - n) s^2 / (N - 1), with m and s^2 of all N. Squares of the standardized sums add up to
chi-square over strata (the stratified test of Cochran 1954 and Mantel and Haenszel 1959, with
scores in place of counts). Probabilities are multiplied by the number of workers (Bonferroni).

Who contradicts whom is not known of two. So it takes three, and only the worst is named: without
it the others may agree.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.matchmaker.rating.information import expected_score
from services.matchmaker.workers.events import Completed, Reported

LEAST_MATCHES = 20
"""Of a worker, before its results say something about it."""

LEAST_WORKERS = 3
"""With so many matches each."""

LEAST_IN_STRATUM = 4
"""Results of the worker, and of others."""

LEAST_SPREAD = 1e-3
"""Variance of residuals below which a stratum tells nothing."""


class Residual(NamedTuple):
    """How far a result is from what the ratings expect.

    Attributes:
        match_id: Of which match.
        worker: Who played it.
        stratum: The player whose results it is compared with.
        value: Score of that player less the expected one.
    """

    match_id: str
    worker: str
    stratum: str
    value: float


class Contradiction(NamedTuple):
    """The worker that contradicts the others most, and the chance of it."""

    worker: str
    p_value: float
    match_ids: tuple[str, ...]


def residuals(
    completed: Iterable[Completed], ratings: Mapping[str, Mapping[str, float]]
) -> list[Residual]:
    """Of matches of two players whose ratings are known, by ladder; others are left out."""
    found = []
    for one in completed:
        known = ratings.get(one.ladder, {})
        if len(one.participants) != 2 or not all(each in known for each in one.participants):
            continue
        first, second = one.participants
        value = one.score - expected_score(known[first], known[second])
        # Of two players the newer one, of whom there are results by several workers at one time.
        if _age(second) > _age(first):
            first, value = second, -value
        found.append(Residual(one.match_id, one.worker, f"{one.ladder} {first}", value))
    return found


def contradiction(found: Sequence[Residual]) -> Contradiction | None:
    """The worst worker; None where too little is known of three."""
    of_worker: dict[str, list[Residual]] = defaultdict(list)
    strata: dict[str, list[Residual]] = defaultdict(list)
    for one in found:
        of_worker[one.worker].append(one)
        strata[one.stratum].append(one)
    known = [worker for worker, own in of_worker.items() if len(own) >= LEAST_MATCHES]
    if len(known) < LEAST_WORKERS:
        return None
    worst = min(known, key=lambda worker: (_p_value(worker, strata), worker))
    p_value = min(1.0, _p_value(worst, strata) * len(known))
    own = sorted(of_worker[worst], key=lambda one: -abs(one.value))
    return Contradiction(worst, p_value, tuple(one.match_id for one in own))


def _p_value(worker: str, strata: Mapping[str, Sequence[Residual]]) -> float:
    total, freedom = 0.0, 0
    for stratum in strata.values():
        values = [one.value for one in stratum]
        own = [one.value for one in stratum if one.worker == worker]
        count, mine = len(values), len(own)
        if mine < LEAST_IN_STRATUM or count - mine < LEAST_IN_STRATUM:
            continue
        mean = sum(values) / count
        spread = sum((value - mean) ** 2 for value in values) / count
        if spread < LEAST_SPREAD:
            continue
        variance = mine * (count - mine) * spread / (count - 1)
        total += (sum(own) - mine * mean) ** 2 / variance
        freedom += 1
    return chi_square_tail(total, freedom) if freedom else 1.0


def chi_square_tail(value: float, freedom: int) -> float:
    """Chance that chi-square of so many degrees of freedom is at least `value`.

    By Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1) from Q(1/2, x) = erfc(sqrt(x)) or
    Q(1, x) = e^-x (Abramowitz and Stegun 1964, 6.5.21 and 26.4.19).
    """
    x, a = value / 2.0, 0.5 if freedom % 2 else 1.0
    tail = math.erfc(math.sqrt(x)) if freedom % 2 else math.exp(-x)
    while a < freedom / 2.0 - 0.25:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1.0)) if x > 0.0 else 0.0
        a += 1.0
    return min(tail, 1.0)


def too_fast(completed: Completed, told: Reported, step_seconds: float) -> bool:
    """Whether its longest game cannot be played in the time of the lease."""
    return completed.end_time - completed.lease_time < told.steps * step_seconds


def _age(player: str) -> tuple[bool, int]:
    """Versions by their number; bots before all."""
    version = player.rpartition(":")[2]
    return (version.isdigit(), int(version) if version.isdigit() else 0)
