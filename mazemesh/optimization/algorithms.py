"""The algorithms of pymoo, each asked for points and told what they came to.

NSGA-II: Deb, Pratap, Agarwal and Meyarivan, IEEE Trans. Evol. Comp. 6(2), 2002. NSGA-III: Deb and
Jain, ibid. 18(4), 2014. MOEA/D: Zhang and Li, ibid. 11(6), 2007. SPEA2: Zitzler, Laumanns and
Thiele, TIK report 103, 2001. pymoo: Blank and Deb, IEEE Access 8, 2020.
"""

from __future__ import annotations

from enum import StrEnum
from math import comb
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from mazemesh.analysis.pareto import pareto_front
from mazemesh.errors import InvalidArgument
from mazemesh.optimization.problem import Evaluation, Floats, Problem

if TYPE_CHECKING:
    from pymoo.core.algorithm import Algorithm

MIN_POPULATION: Final = 4
MAX_POPULATION: Final = 5_000
MAX_OF_SPEA2: Final = 500
"""Its truncation takes time with the cube of the population, and memory with the square."""


class AlgorithmName(StrEnum):
    """What searches."""

    NSGA2 = "nsga2"
    NSGA3 = "nsga3"
    MOEAD = "moead"
    SPEA2 = "spea2"


class Front(NamedTuple):
    """Points that no other one dominates.

    Attributes:
        points: [points, variables], as they were evaluated.
        values: [points, objectives].
        missed: 0 where constraints can be held. Else the sum by which the one point misses that
            comes closest, and that point is all there is.
    """

    points: Floats
    values: Floats
    missed: float


class Proposer:
    """A search for one problem: `ask` and `tell` by turns. Pure: a seed gives one search.

    The algorithms get objectives that are to be made small, moved and scaled by what the first
    population came to, one scale for the whole search: MOEA/D and SPEA2 compare distances, which
    watts would decide alone beside shares.

    Args:
        problem: What is optimized.
        algorithm: By which.
        population: Points of a generation. MOEA/D has one for each of its directions, which are
            as many as spread evenly, at most this many (`moead_population`).
        seed: Of its chance.

    Raises:
        InvalidArgument: the population is out of its range, or the algorithm does not take the
            problem.
    """

    def __init__(
        self, problem: Problem, algorithm: AlgorithmName, population: int, seed: int
    ) -> None:
        check(problem, algorithm, population)
        from pymoo.config import Config
        from pymoo.core.problem import Problem as PymooProblem

        Config.warnings["not_compiled"] = False  # a note on standard output, of the data there

        low, high = problem.bounds()
        whole = np.array([one.whole for one in problem.variables])
        self._rounded = problem.rounded
        self._sign = np.array([-1.0 if one.maximise else 1.0 for one in problem.objectives])
        self._scale: tuple[Floats, Floats] | None = None
        self._asked: Any = None
        self._search = _algorithm(algorithm, len(problem.objectives), population)
        self._search.setup(
            PymooProblem(
                n_var=len(low),
                n_obj=len(problem.objectives),
                n_ieq_constr=len(problem.constraints),
                # As much room around the first and the last whole number as around the others.
                xl=np.where(whole, low - 0.499, low),
                xu=np.where(whole, high + 0.499, high),
            ),
            termination=("n_gen", 1 << 62),
            seed=seed,
        )

    def ask(self) -> Floats | None:
        """Points to be evaluated next, [points, variables]; None when it finds no new ones."""
        self._asked = self._search.ask()
        if self._asked is None or not len(self._asked):
            return None
        points: Floats = np.asarray(self._asked.get("X"), np.float64)
        return points

    def tell(self, evaluation: Evaluation) -> None:
        """What the points came to that were asked for last."""
        costs = evaluation.values * self._sign
        if self._scale is None:
            span = np.ptp(costs, axis=0)
            self._scale = costs.min(axis=0), np.where(span > 0, span, 1.0)
        least, span = self._scale
        self._asked.set("F", (costs - least) / span)
        if evaluation.excess.shape[1]:
            self._asked.set("G", evaluation.excess)
        self._asked.set("told", evaluation.values)
        for one in self._asked:
            one.evaluated.update(("F", "G", "H"))
        self._search.tell(infills=self._asked)

    def best(self) -> Front:
        """What the population has that none of it dominates; see `Front`."""
        population = self._search.pop
        # Different ones are the same where numbers are whole; each stands in the front once.
        points = self._rounded(np.asarray(population.get("X"), np.float64))
        values = np.asarray(population.get("told"), np.float64)
        missed = np.asarray(population.get("CV"), np.float64).reshape(len(population))
        feasible = np.flatnonzero(missed <= 0)
        if not len(feasible):
            closest = [int(missed.argmin())]
            return Front(points[closest], values[closest], float(missed.min()))
        distinct = feasible[np.unique(points[feasible], axis=0, return_index=True)[1]]
        distinct.sort()
        front = distinct[pareto_front(values[distinct], (self._sign < 0).tolist())]
        return Front(points[front], values[front], 0.0)


def check(problem: Problem, algorithm: AlgorithmName, population: int) -> None:
    """Whether an algorithm takes a problem.

    Raises:
        InvalidArgument: it does not; says why and what would.
    """
    most = MAX_OF_SPEA2 if algorithm is AlgorithmName.SPEA2 else MAX_POPULATION
    if not MIN_POPULATION <= population <= most:
        raise InvalidArgument(
            f"population: {population} should be {MIN_POPULATION}..{most} for {algorithm}"
        )
    if len(problem.objectives) == 1 and algorithm in (AlgorithmName.NSGA3, AlgorithmName.MOEAD):
        raise InvalidArgument(
            f"algorithm: {algorithm} needs two objectives, {problem.name} has one; take nsga2"
        )
    if algorithm is AlgorithmName.MOEAD and problem.constraints:
        raise InvalidArgument(
            f"algorithm: moead takes no constraints, {problem.name} has "
            f"{', '.join(problem.constraints)}; take nsga2, nsga3 or spea2"
        )


def partitions(objectives: int, most: int) -> int:
    """Divisions of an axis, so that there are at most so many directions; 1 or more.

    p divisions give C(p + m - 1, p) directions for m objectives (Das and Dennis, SIAM J. Optim.
    8(3), 1998).
    """
    count = 1
    while comb(count + objectives, count + 1) <= most:
        count += 1
    return count


def _algorithm(name: AlgorithmName, objectives: int, population: int) -> Algorithm:
    if name is AlgorithmName.NSGA2:
        from pymoo.algorithms.moo.nsga2 import NSGA2

        return NSGA2(pop_size=population)
    if name is AlgorithmName.SPEA2:
        from pymoo.algorithms.moo.spea2 import SPEA2, SPEA2Survival

        # Its default is one object for all searches of a process, and remembers the last one.
        return SPEA2(pop_size=population, survival=SPEA2Survival(normalize=True))
    directions = _directions(objectives, population)
    if name is AlgorithmName.NSGA3:
        from pymoo.algorithms.moo.nsga3 import NSGA3

        return NSGA3(directions, pop_size=max(population, len(directions)))
    # Of pymoo's two forms the one that asks for a whole generation at once: the other one
    # evaluates point after point.
    from pymoo.algorithms.moo.moead import ParallelMOEAD

    return ParallelMOEAD(directions, n_neighbors=min(20, len(directions)))


def _directions(objectives: int, population: int) -> Floats:
    from pymoo.util.ref_dirs import get_reference_directions

    count = partitions(objectives, population)
    found: Floats = get_reference_directions("das-dennis", objectives, n_partitions=count)
    return found
