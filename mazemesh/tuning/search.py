"""Runs trials until a study has as many as it should: one after the other, or several at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Protocol

from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import Value
from mazemesh.tuning.study import Study
from mazemesh.tuning.trial import (
    Progress,
    TrialFailed,
    TrialInterrupted,
    TrialPruned,
    TrialRunner,
)

_GIVE_UP_AFTER = 3

_Running = dict[Future[Measurement], int]
"""Trials under way, by what will hold their result."""


class SearchDisplay(Protocol):
    """Where a search is shown; called from several threads."""

    def started(self, number: int, parameters: Mapping[str, Value]) -> None:
        """A trial begins."""
        ...

    def progress(self, number: int, progress: Progress) -> None:
        """A trial goes on."""
        ...

    def ended(self, number: int, outcome: str, finished: int) -> None:
        """A trial is over; how, in words, and how many the study has finished now."""
        ...


class Search:
    """Trials of a study.

    Args:
        study: Proposes and remembers.
        runner: Runs a trial.
        display: Is told.
        stop: Set to stop; the runner has to heed it.
        prune: Report progress to the study, which then may end a trial early.
    """

    def __init__(
        self,
        study: Study,
        runner: TrialRunner,
        display: SearchDisplay,
        stop: threading.Event,
        *,
        prune: bool = False,
    ) -> None:
        self._study, self._runner, self._display, self._stop = study, runner, display, stop
        self._prune = prune
        self._failures = 0

    def run(self, trials: int, jobs: int) -> None:
        """Runs until the study has `trials` finished ones, or `stop` is set.

        Raises:
            TrialFailed: three trials in a row broke.
        """
        self._study.recover()
        running: _Running = {}
        with ThreadPoolExecutor(jobs, thread_name_prefix="trial") as pool:
            try:
                while self._fill(pool, running, trials, jobs):
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._note(running.pop(future), future)
            except BaseException:
                self._stop.set()
                for future, number in running.items():
                    self._note_unfinished(number, future)
                raise

    def _fill(
        self,
        pool: ThreadPoolExecutor,
        running: _Running,
        total: int,
        jobs: int,
    ) -> bool:
        """Starts what is to be started; whether anything runs."""
        while (
            not self._stop.is_set()
            and len(running) < jobs
            and self._study.finished + len(running) < total
        ):
            number, parameters = self._study.ask()
            self._display.started(number, parameters)
            report = partial(self._report, number)
            running[pool.submit(self._runner.run, number, parameters, report)] = number
        return bool(running)

    def _report(self, number: int, progress: Progress) -> bool:
        self._display.progress(number, progress)
        definition = self._study.definition
        value = progress.measure(definition.objectives[0]) if self._prune else None
        if value is None:
            return False
        step = int(progress.seconds / (definition.seconds / definition.snapshots))
        return self._study.report(number, step, value)

    def _note(self, number: int, future: Future[Measurement]) -> None:
        try:
            measurement = future.result()
        except TrialPruned:
            self._study.prune(number)
            self._ended(number, "pruned")
        except TrialInterrupted:
            self._study.put_back(number)
            self._ended(number, "interrupted; it comes first when the study goes on")
        except TrialFailed as error:
            self._study.fail(number, str(error))
            self._ended(number, f"failed: {error}")
            self._failures += 1
            if self._failures >= _GIVE_UP_AFTER:
                raise TrialFailed(
                    f"{self._failures} trials in a row failed, the last: {error}"
                ) from error
            return
        except BaseException:
            self._study.put_back(number)
            raise
        else:
            self._study.complete(number, measurement)
            self._ended(number, describe(measurement))
        self._failures = 0

    def _ended(self, number: int, outcome: str) -> None:
        self._display.ended(number, outcome, self._study.finished)

    def _note_unfinished(self, number: int, future: Future[Measurement]) -> None:
        """While the search ends by an error: results that came in time are kept."""
        error = future.exception()
        if error is None:
            self._study.complete(number, future.result())
        else:
            self._study.put_back(number)


def describe(measurement: Measurement) -> str:
    """The values in one line."""
    parts = [f"{name} {value:.6g}" for name, value in measurement.values.items()]
    if measurement.shortfall > 0:
        parts.append(f"{measurement.shortfall:.3g} below the target")
    return ", ".join(parts)
