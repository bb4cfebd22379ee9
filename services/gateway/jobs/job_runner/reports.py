"""Where a job's keeper tells how it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, TextIO

from services.gateway.jobs.attempts.report import Report, from_json, to_json

FILE: Final = "report.json"
"""Of a job's folder."""

MARK: Final = "mazemesh_job"
"""Key of a line on standard output that is a report."""


Lines = Callable[[], Sequence[str]]
"""Gives the last lines of the logs."""


class Reports(Protocol):
    """Takes reports; the newest is what counts. Calls block."""

    @property
    def seconds(self) -> float:
        """Least time between two of them, but for the last one."""
        ...

    def put(self, report: Report, lines: Lines) -> None:
        """Tells it, and where the logs go with the machine, their last lines.

        Raises:
            OSError: it cannot be told now.
        """

    def last(self) -> Report | None:
        """What was told last, also by an earlier process; None: nothing, or it is not known."""


class FolderReports:
    """A file in a folder, whole or not there."""

    seconds = 0.9

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def put(self, report: Report, lines: Lines) -> None:
        """See `Reports`."""
        unfinished = self._file.with_suffix(".tmp")
        unfinished.write_text(json.dumps(to_json(report)))
        unfinished.replace(self._file)

    def last(self) -> Report | None:
        """See `Reports`."""
        return read_report(self._file)


class StdoutReports:
    """Lines of JSON on standard output, which a cluster keeps as the log."""

    seconds = 1.0

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def put(self, report: Report, lines: Lines) -> None:
        """See `Reports`."""
        self._out.write(json.dumps({MARK: to_json(report)}) + "\n")
        self._out.flush()

    def last(self) -> Report | None:
        """See `Reports`: a container knows nothing of the one before."""
        return None


def read_report(file: Path) -> Report | None:
    """A report that was put into a folder; None where there is none."""
    try:
        return from_json(json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def report_of_line(line: str) -> Report | None:
    """The report in a line of a log; None in any other line."""
    if not line.startswith(f'{{"{MARK}"'):
        return None
    try:
        return from_json(json.loads(line)[MARK])
    except (ValueError, KeyError, TypeError):
        return None
