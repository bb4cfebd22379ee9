"""Shows a search: a Rich bar with a line for each trial on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from mazemesh.cli.output import literal_console
from mazemesh.tuning.space import Value
from mazemesh.tuning.trial import Progress

_LINE_EVERY = 30.0


class TrialDisplay:
    """A `SearchDisplay` on standard error.

    Args:
        done: Trials that the study has.
        total: Trials that it shall have.
        seconds: Length of a trial.
    """

    def __init__(self, done: int, total: int, seconds: float) -> None:
        self._console = literal_console(stderr=True, soft_wrap=True)
        self._terminal = self._console.is_terminal
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bar = Bar(*columns, console=self._console, disable=not self._terminal)
        self._trials = self._bar.add_task("trials", total=total, completed=done)
        self._tasks: dict[int, TaskID] = {}
        self._seconds = seconds
        self._told: dict[int, float] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, number: int, parameters: Mapping[str, Value]) -> None:
        """See `SearchDisplay.started`."""
        with self._lock:
            self._tell(f"trial {number}: {words(parameters)}")
            self._told[number] = 0.0
            self._tasks[number] = self._bar.add_task(f"trial {number}", total=self._seconds)

    def progress(self, number: int, progress: Progress) -> None:
        """See `SearchDisplay.progress`."""
        parts = [f"trial {number}: {progress.seconds:.0f} of {self._seconds:.0f} s"]
        if progress.success is not None:
            parts.append(f"success {progress.success:.2f}")
        if progress.rating is not None:
            parts.append(f"rating above {progress.rating:.0f}")
        with self._lock:
            text = ", ".join(parts)
            self._bar.update(self._tasks[number], completed=progress.seconds, description=text)
            if not self._terminal and progress.seconds - self._told[number] >= _LINE_EVERY:
                self._told[number] = progress.seconds
                self._tell(text)

    def ended(self, number: int, outcome: str, finished: int) -> None:
        """See `SearchDisplay.ended`."""
        with self._lock:
            self._tell(f"trial {number}: {outcome}")
            self._bar.remove_task(self._tasks.pop(number))
            self._bar.update(self._trials, completed=finished)

    def tell(self, message: str) -> None:
        """Writes a line."""
        with self._lock:
            self._tell(message)

    def _tell(self, message: str) -> None:
        if self._terminal:
            self._console.print(message)
        else:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()


def words(parameters: Mapping[str, Value]) -> str:
    """Parameters in one line."""
    return ", ".join(f"{name} {value}" for name, value in parameters.items())
