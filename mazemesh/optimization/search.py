"""The search: generation after generation, from the log as far as that goes, then by evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mazemesh.optimization.algorithms import Front, Proposer
from mazemesh.optimization.evaluating.evaluations import Evaluations
from mazemesh.optimization.evaluating.evaluator import Evaluator
from mazemesh.optimization.problem import Evaluation, Floats, Problem

_SYNC_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """How far a search is.

    Attributes:
        generation: Last one that was told.
        generations: That there shall be.
        evaluations: Points evaluated, those of the log among them.
        remembered: Of these from the log.
        front: Tells the front now, in about a millisecond.
    """

    generation: int
    generations: int
    evaluations: int
    remembered: int
    front: Callable[[], Front]


class SearchDisplay(Protocol):
    """Where a search is shown."""

    def progress(self, progress: Progress) -> None:
        """A generation is over."""
        ...


def search(
    problem: Problem,
    proposer: Proposer,
    generations: int,
    evaluations: Evaluations,
    evaluator: Evaluator,
    display: SearchDisplay,
) -> Progress:
    """Searches until there were so many generations, or no new points are found.

    Raises:
        Stopped: it was told to stop; the log has all that was done.
        MazemeshError: points cannot be evaluated, or the log does not fit.
    """
    counted = remembered = generation = 0
    synced = time.monotonic()
    progress = Progress(0, generations, 0, 0, proposer.best)
    while generation < generations and (asked := proposer.ask()) is not None:
        batches = _batches(problem, asked)
        told: dict[int, Evaluation] = {}
        for number, points in enumerate(batches):
            found = evaluations.find(generation, number, points)
            if found is not None:
                told[number] = found
        remembered += sum(len(one.values) for one in told.values())
        missing = [(n, points) for n, points in enumerate(batches) if n not in told]
        if missing:
            evaluator.evaluate(missing, _Keeping(evaluations, generation, batches, told))
        counted += len(asked)
        proposer.tell(_joined([told[number] for number in range(len(batches))]))
        generation += 1
        if missing and time.monotonic() - synced >= _SYNC_SECONDS:
            evaluations.sync()
            synced = time.monotonic()
        progress = Progress(generation, generations, counted, remembered, proposer.best)
        display.progress(progress)
    return progress


class _Keeping:
    """Writes each batch to the log as it ends."""

    def __init__(
        self,
        evaluations: Evaluations,
        generation: int,
        batches: list[Floats],
        told: dict[int, Evaluation],
    ) -> None:
        self._evaluations, self._generation = evaluations, generation
        self._batches, self._told = batches, told

    def __call__(self, number: int, evaluation: Evaluation) -> None:
        self._evaluations.append(self._generation, number, self._batches[number], evaluation)
        self._told[number] = evaluation


def _batches(problem: Problem, points: Floats) -> list[Floats]:
    """Points as they are evaluated. Where batches end never depends on how many processes run."""
    rounded = problem.rounded(points)
    return [rounded[at : at + problem.batch] for at in range(0, len(rounded), problem.batch)]


def _joined(parts: list[Evaluation]) -> Evaluation:
    return Evaluation(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.excess for part in parts]),
    )
