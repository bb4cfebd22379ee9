"""A search's own record of its progress: a line of JSON for each trial that ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mazemesh.tuning.search import SearchDisplay
from mazemesh.tuning.space import Value
from mazemesh.tuning.trial import Progress

FILE: Final = "progress.jsonl"
"""In a study's folder."""


class JournaledDisplay:
    """A `SearchDisplay` that writes down what another one shows.

    Args:
        display: Is told all of it, too.
        folder: Of the study.
        trials: That the study shall have.
    """

    def __init__(self, display: SearchDisplay, folder: Path, trials: int) -> None:
        self._display, self._trials = display, trials
        self._file = folder / FILE
        self._lock = threading.Lock()

    def started(self, number: int, parameters: Mapping[str, Value]) -> None:
        """See `SearchDisplay.started`."""
        self._display.started(number, parameters)

    def progress(self, number: int, progress: Progress) -> None:
        """See `SearchDisplay.progress`."""
        self._display.progress(number, progress)

    def ended(self, number: int, outcome: str, finished: int) -> None:
        """See `SearchDisplay.ended`."""
        self._display.ended(number, outcome, finished)
        self.note(finished, trial=number, outcome=outcome)

    def note(self, finished: int, **more: str | int) -> None:
        """Appends how many trials the study has."""
        line = {"time": time.time(), "finished": finished, "trials": self._trials, **more}
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
