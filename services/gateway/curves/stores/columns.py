"""Figures that were read from journals once, as columns in files: a start reads these."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np

from mazemesh.process.disk import is_full
from services.gateway.curves.series import Series

_SUFFIX: Final = ".columns"
_WORTH_BYTES: Final = 64 * 1024
"""Of a journal, since its columns were written last; fewer are read again as quickly."""


class Columns:
    """A folder with a file a run. What is in it can be made again, and is never missed.

    Args:
        folder: Of its own; made when the first file is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, int] = {}

    def keep(self, run: str, journal: Path, at: int, series: Series) -> None:
        """Writes a run's columns, if enough has come since they were written.

        Args:
            run: Its id.
            journal: Folder of its journal.
            at: Bytes of the journal, whole lines, that the columns are made of.
            series: The figures.
        """
        name = _name(run, journal)
        if at - self._written.get(name, 0) < max(_WORTH_BYTES, at // 4):
            return
        self._written[name] = at
        columns = series.columns()
        header = {
            "at": at,
            "run": run,
            "lines": len(series),
            "columns": [[one, column.dtype.str] for one, column in columns.items()],
        }
        unfinished = self._folder / f"{name}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.writelines(column.tobytes() for column in columns.values())
            unfinished.replace(self._folder / f"{name}{_SUFFIX}")
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            if not is_full(error):
                raise

    def load(self, run: str, journal: Path) -> tuple[Series, int] | None:
        """A run's figures and how far into the journal they go; None where none are kept.

        Columns of another run of that folder, or of a longer journal, are those of before.
        """
        name = _name(run, journal)
        try:
            text, _, data = (self._folder / f"{name}{_SUFFIX}").read_bytes().partition(b"\n")
            header = json.loads(text)
            at, lines = int(header["at"]), int(header["lines"])
            if header["run"] != run or at > (journal / "metrics.jsonl").stat().st_size:
                return None
            columns, offset = {}, 0
            for one, kind in header["columns"]:
                columns[one] = np.frombuffer(data, kind, lines, offset)
                offset += columns[one].nbytes
            series = Series.of(columns)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # there is none, or it is damaged
        self._written[name] = at
        return series, at


def _name(run: str, journal: Path) -> str:
    return hashlib.sha256(f"{run} {journal}".encode()).hexdigest()[:32]
