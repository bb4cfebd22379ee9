"""A study on disk: its definition, its log, and what came of it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument
from mazemesh.optimization.algorithms import Front, Proposer
from mazemesh.optimization.choosing import ParetoFront, Weighting
from mazemesh.optimization.definition import Definition
from mazemesh.optimization.evaluating.evaluations import Evaluations
from mazemesh.optimization.evaluating.evaluator import Evaluator, LocalEvaluator
from mazemesh.optimization.evaluating.workers import Workers
from mazemesh.optimization.problem import Problem
from mazemesh.optimization.search import Progress, SearchDisplay, search

MAX_GENERATIONS = 100_000
DEFINITION, LOG, RESULT = "definition.json", "evaluations.log", "front.json"


@dataclass(frozen=True)
class Study:
    """A search that can be stopped, and goes on in its folder.

    Attributes:
        folder: Of this study alone.
        definition: What makes it the same one.
        problem: What is optimized.
        opened_here: Whether it can be opened in this process alone.
    """

    folder: Path
    definition: Definition
    problem: Problem
    opened_here: bool = False

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name

    def run(
        self,
        generations: int,
        weighting: Weighting,
        display: SearchDisplay,
        *,
        jobs: int | None = None,
        batch_seconds: float = 600.0,
        stopped: Callable[[], bool] = lambda: False,
    ) -> ParetoFront:
        """Searches until there were so many generations; those that there were are not repeated.

        Args:
            generations: In all. Fewer than there were give the front as it was then.
            weighting: By which is chosen at the end.
            display: Is told after each generation.
            jobs: Processes that evaluate; default: one a core.
            batch_seconds: How long the evaluation of a batch may take.
            stopped: Whether to stop; asked all the time.

        Raises:
            Stopped: it was told to stop, and goes on by the same call.
            Conflict: the folder has another study, or another process searches in it.
            FailedPrecondition: no point holds all constraints; or points cannot be evaluated.
        """
        if not 1 <= generations <= MAX_GENERATIONS:
            raise InvalidArgument(f"generations: {generations} should be 1..{MAX_GENERATIONS}")
        began = time.monotonic()
        with alone(self.folder):
            self._define()
            with (
                Evaluations(self.folder / LOG) as evaluations,
                closing(self._evaluator(jobs, batch_seconds, stopped)) as evaluator,
            ):
                it = self.definition
                proposer = Proposer(self.problem, it.algorithm, it.population, it.seed)
                found = search(self.problem, proposer, generations, evaluations, evaluator, display)
            front = self._front(found, proposer.best(), weighting, time.monotonic() - began)
            write_result(self.folder / RESULT, front)
        return front

    def _evaluator(
        self, jobs: int | None, batch_seconds: float, stopped: Callable[[], bool]
    ) -> Evaluator:
        if self.opened_here:
            return LocalEvaluator(self.problem, stopped)
        return Workers(
            self.definition.problem,
            self.problem,
            jobs or os.cpu_count() or 1,
            batch_seconds=batch_seconds,
            stopped=stopped,
        )

    def _define(self) -> None:
        file = self.folder / DEFINITION
        if not file.exists():
            _write(file, json.dumps(self.definition.to_json(), indent=1))
            return
        try:
            stored = Definition.from_json(json.loads(file.read_text()))
        except (ValueError, TypeError, KeyError) as error:
            raise FailedPrecondition(f"{file} is no definition of a study: {error}") from error
        stored.check_same(self.definition, self.name)

    def _front(
        self, found: Progress, front: Front, weighting: Weighting, seconds: float
    ) -> ParetoFront:
        if front.missed > 0:
            closest = dict(
                zip([one.name for one in self.problem.objectives], front.values[0], strict=True)
            )
            raise FailedPrecondition(
                f"problem {self.problem.name}: none of {found.evaluations} points holds "
                f"{', '.join(self.problem.constraints)}; the closest misses by "
                f"{front.missed:.4g} in all and has {closest}. More generations may find one"
            )
        return ParetoFront(
            self.problem.objectives,
            tuple(one.name for one in self.problem.variables),
            tuple(map(str, range(len(front.values)))),
            self.problem.rounded(front.points),
            front.values,
            self.problem.modes,
            weighting,
            {
                "study": self.name,
                "problem": self.definition.problem,
                "algorithm": str(self.definition.algorithm),
                "population": self.definition.population,
                "seed": self.definition.seed,
                "generations": found.generation,
                "evaluations": found.evaluations,
                "remembered": found.remembered,
                "seconds": round(seconds, 3),
            },
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds a study's folder for this process; the lock goes with the process.

    Raises:
        Conflict: another process, or another run of this one, searches in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"study {folder.name!r} is being searched by another process; wait for it, "
                "or choose another --study"
            ) from None
        yield


def check_study_name(study: str) -> None:
    """Checks a name, which is that of a folder.

    Raises:
        InvalidArgument: it is none.
    """
    fit = study.isascii() and all(sign.isalnum() or sign in "-_." for sign in study)
    if not 0 < len(study) <= 100 or not fit or study[0] == ".":
        raise InvalidArgument(f"study: {study[:100]!r} should be letters, digits, - _ and .")


def write_result(file: Path, front: ParetoFront) -> None:
    """Writes a front as JSON."""
    _write(file, json.dumps(front.to_json(), indent=1))


def _write(file: Path, text: str) -> None:
    """Under the name there is a whole file or none."""
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(file)
