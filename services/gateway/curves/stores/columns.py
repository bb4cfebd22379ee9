"""Figures that were read from journals once, as columns in files: a start reads these."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from mazemesh.process.disk import is_full
from services.gateway.curves.series import Series

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
        unfinished = self._folder / f"{name}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, at=np.int64(at), run=np.array(run), **series.columns())
            unfinished.replace(self._folder / f"{name}.npz")
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
            with np.load(self._folder / f"{name}.npz", allow_pickle=False) as kept:
                at = int(kept["at"])
                if str(kept["run"]) != run or at > (journal / "metrics.jsonl").stat().st_size:
                    return None
                columns = {one: kept[one] for one in kept.files if one not in ("at", "run")}
                series = Series.of(columns)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None  # there is none, or it is damaged
        self._written[name] = at
        return series, at


def _name(run: str, journal: Path) -> str:
    return hashlib.sha256(f"{run} {journal}".encode()).hexdigest()[:32]
