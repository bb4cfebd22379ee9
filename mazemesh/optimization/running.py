"""Optimization from Python: `mesh.optimization.start(...).wait_for_completion()`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from mazemesh.errors import Cancelled, DeadlineExceeded, FailedPrecondition, InvalidArgument
from mazemesh.optimization.algorithms import AlgorithmName, check
from mazemesh.optimization.choosing import ParetoFront, weighting
from mazemesh.optimization.definition import Definition
from mazemesh.optimization.evaluating.evaluator import Stopped
from mazemesh.optimization.opening import look_in_current_folder, open_problem
from mazemesh.optimization.problem import Problem
from mazemesh.optimization.problems.league import PREFIX, Rated, league_candidates, parse_league
from mazemesh.optimization.search import Progress, SearchDisplay
from mazemesh.optimization.study import MAX_GENERATIONS, Study, check_study_name

Work = Callable[[SearchDisplay, Callable[[], bool]], ParetoFront]
"""Searches, shows how far it is, and asks whether to stop."""


class OptimizationRun:
    """A search that runs in a thread of its own, and evaluates in processes.

    It can be stopped and started again by the same call: it goes on where it was.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stop, self._done = threading.Event(), threading.Event()
        self._progress: Progress | None = None
        self._front: ParetoFront | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="optimization", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it is over, well or not."""
        return self._done.is_set()

    @property
    def generation(self) -> int:
        """The last one that is over; 0 before the first."""
        return 0 if self._progress is None else self._progress.generation

    def stop(self) -> None:
        """Stops it within a moment. What is done is kept; `start` with the same goes on."""
        self._stop.set()

    def wait_for_completion(self, timeout: float | None = None) -> ParetoFront:
        """The front, once the search is over.

        Args:
            timeout: Seconds; None: as long as it takes.

        Raises:
            DeadlineExceeded: it still runs, and goes on.
            Cancelled: it was stopped.
            MazemeshError: what ended it.
        """
        if not self._done.wait(timeout):
            raise DeadlineExceeded(
                f"generation {self.generation} is over after {timeout:g} s; the search goes on, "
                "wait again"
            )
        if self._error is not None:
            raise self._error
        assert self._front is not None
        return self._front

    def progress(self, progress: Progress) -> None:
        """See `SearchDisplay.progress`."""
        self._progress = progress

    def _run(self) -> None:
        try:
            self._front = self._work(self, self._stop.is_set)
        except Stopped:
            self._error = Cancelled(f"stopped after generation {self.generation}; it can go on")
        except BaseException as error:  # raised in the thread that waits
            self._error = error
        finally:
            self._done.set()


class Optimization:
    """What `mesh.optimization` is: it starts searches."""

    def __init__(self, mesh: Rated) -> None:
        self._mesh = mesh

    def start(
        self,
        problem_type: str | Problem,
        algorithm: str = "nsga2",
        mode: str | None = None,
        *,
        weights: Mapping[str, float] | None = None,
        population_size: int = 100,
        generations: int = 200,
        seed: int = 0,
        jobs: int | None = None,
        batch_seconds: float = 600.0,
        study: str | None = None,
        data_dir: str | Path | None = None,
    ) -> OptimizationRun:
        """Starts a search, or goes on with the one that was begun by the same arguments.

        Args:
            problem_type: Name of a problem (`mazemesh optimize` lists them), "module:function" of
                one's own, "league:POLICY", or a `Problem`, which is evaluated in this process.
                Of a league, the mesh tells what the versions come to, and nothing is searched.
            algorithm: nsga2, nsga3, moead or spea2.
            mode: Named weights of the problem, as "emergency"; by default all count the same.
            weights: By objective, instead of a mode.
            population_size: Points of a generation.
            generations: In all.
            seed: Of its chance.
            jobs: Processes that evaluate; default: one a core.
            batch_seconds: How long the evaluation of a batch may take.
            study: Name of its folder; default: one that only the same problem, algorithm,
                population and seed have.
            data_dir: Has `optimize/<study>`; default: MAZEMESH_DATA_DIR, else `.mazemesh`.

        Raises:
            InvalidArgument: an argument is out of its range, or the problem cannot be opened.
            FailedPrecondition: no version of the league is rated yet, or pymoo is not installed.
        """
        if isinstance(problem_type, str) and problem_type.startswith(PREFIX):
            found = league_candidates(self._mesh, *parse_league(problem_type))
            meant = weighting(found.objectives, found.modes, mode, weights)
            return OptimizationRun(lambda display, stopped: found.front(meant))
        if not 1 <= generations <= MAX_GENERATIONS:
            raise InvalidArgument(f"generations: {generations} should be 1..{MAX_GENERATIONS}")
        begun = begin(problem_type, algorithm, population_size, seed, study, data_dir)
        meant = weighting(begun.problem.objectives, begun.problem.modes, mode, weights)
        return OptimizationRun(
            lambda display, stopped: begun.run(
                generations,
                meant,
                display,
                jobs=jobs,
                batch_seconds=batch_seconds,
                stopped=stopped,
            )
        )


def begin(
    problem: str | Problem,
    algorithm: str,
    population: int,
    seed: int,
    study: str | None,
    data_dir: str | Path | None,
) -> Study:
    """A study in its folder, checked before anything is started.

    Raises:
        InvalidArgument: an argument is out of its range, or the problem cannot be opened.
        FailedPrecondition: pymoo is not installed.
    """
    if find_spec("pymoo") is None:
        raise FailedPrecondition("pymoo is not installed; pip install 'mazemesh[optimize]'")
    if isinstance(problem, Problem):
        name, opened = problem.name, problem
    else:
        look_in_current_folder()
        name, opened = problem, open_problem(problem)
    if algorithm not in list(AlgorithmName):
        raise InvalidArgument(
            f"algorithm: {algorithm!r} is unknown; there are {', '.join(AlgorithmName)}"
        )
    if not 0 <= seed < 2**63:
        raise InvalidArgument(f"seed: {seed} should be from 0 up, below 2^63")
    searcher = AlgorithmName(algorithm)
    check(opened, searcher, population)
    definition = Definition.of(name, opened, searcher, population, seed)
    folder = study or definition.study_name()
    check_study_name(folder)
    place = Path(data_dir or os.environ.get("MAZEMESH_DATA_DIR") or ".mazemesh")
    return Study(
        place.expanduser().absolute() / "optimize" / folder,
        definition,
        opened,
        opened_here=isinstance(problem, Problem),
    )
