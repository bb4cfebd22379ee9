"""Shows a search: a Rich bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column

from mazemesh.cli.output import literal_console
from mazemesh.optimization.algorithms import Front
from mazemesh.optimization.problem import Objective
from mazemesh.optimization.search import Progress

_LINE_SECONDS = 5.0
_TERMINAL_SECONDS = 0.5


class OptimizeDisplay:
    """A `SearchDisplay` on standard error.

    Args:
        objectives: Of the problem.
        generations: That there shall be.

    Attributes:
        generation: The last one that is over.
    """

    def __init__(self, objectives: Sequence[Objective], generations: int) -> None:
        self._objectives = objectives
        self._console = literal_console(stderr=True, soft_wrap=True)
        self._terminal = self._console.is_terminal
        columns = (
            TextColumn("generation", markup=False),
            MofNCompleteColumn(),
            BarColumn(20),
            TimeElapsedColumn(),
            # What a narrow terminal has no room for is cut off here.
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
        )
        self._bar = Bar(*columns, console=self._console, disable=not self._terminal, expand=True)
        self._task = self._bar.add_task("", total=generations)
        self._told = time.monotonic()
        self.generation = 0

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

    def progress(self, progress: Progress) -> None:
        """See `SearchDisplay.progress`."""
        self.generation = progress.generation
        now, last = time.monotonic(), progress.generation == progress.generations
        pause = _TERMINAL_SECONDS if self._terminal else _LINE_SECONDS
        if now - self._told < pause and not last:
            return
        self._told = now
        text = self._words(progress, progress.front())
        self._bar.update(self._task, completed=progress.generation, description=text)
        if not self._terminal:
            self.tell(f"generation {progress.generation} of {progress.generations}: {text}")

    def tell(self, message: str) -> None:
        """Writes a line."""
        if self._terminal:
            self._console.print(message)
        else:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()

    def _words(self, progress: Progress, front: Front) -> str:
        parts = [f"{progress.evaluations} evaluations"]
        if progress.remembered:
            parts.append(f"{progress.remembered} of them from before")
        if front.missed > 0:
            return ", ".join([*parts, f"constraints are missed by {front.missed:.3g}"])
        parts.append(f"front {len(front.values)}")
        for number, one in enumerate(self._objectives):
            column = front.values[:, number]
            best = column.max() if one.maximise else column.min()
            parts.append(f"{one.name} {best:.5g}")
        return ", ".join(parts)
