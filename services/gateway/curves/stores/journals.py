"""Journals of learners in the data folder, read as they grow.

A journal is read from where it was left, in pieces, so that what else this process does never
waits long for it. Figures of the runs that were asked for last are in memory; others are read
again when they are asked for.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from mazemesh.analysis.journal import read_records
from services.gateway.curves.runs import Run, run_of
from services.gateway.curves.series import Series
from services.gateway.curves.stores.columns import Columns
from services.gateway.settings import GatewaySettings

T = TypeVar("T")

JOURNAL: Final = "metrics.jsonl"
DESCRIPTION: Final = "run.json"
MAX_RUNS: Final = 5_000
_PIECE_BYTES: Final = 256 * 1024
_FRESH_SECONDS: Final = 1.0
_MAX_DESCRIPTION_BYTES: Final = 256 * 1024


@dataclass
class _Journal:
    folder: Path
    run: Run
    described: float
    at: int = 0
    """Bytes that were read."""
    rest: bytes = b""
    """Of a line that is not complete yet."""
    size: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    lines: int = 0
    steps: float = 0.0
    seconds: float = 0.0
    began: float | None = None
    last_time: float | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """A run and how far it is.

    Attributes:
        run: Which.
        lines: Of its journal.
        steps: Agent steps of the newest line.
        seconds: In which it ran.
        began: Time of the first line, seconds since 1970.
        last_time: Time of the newest line.
        metrics: Names of its figures.
        figures: The last value of each.
    """

    run: Run
    lines: int
    steps: float
    seconds: float
    began: float | None
    last_time: float | None
    metrics: tuple[str, ...]
    figures: dict[str, float]


@dataclass(frozen=True)
class Reading:
    """How far the first reading is: `done` of `all` journals; `left_out` are beyond the most."""

    done: int
    all: int
    left_out: int


class Journals:
    """All runs of a data folder. Safe to call from several threads.

    Args:
        data_dir: Of the mesh.
        columns: Where figures that were read are kept, so that a start need not read all again.
        most_bytes: Of figures in memory.
    """

    def __init__(self, data_dir: Path, columns: Columns, most_bytes: int) -> None:
        self._data_dir, self._columns, self._most_bytes = data_dir, columns, most_bytes
        self._lock = threading.RLock()
        self._looking = threading.Lock()
        self._journals: dict[Path, _Journal] = {}
        self._held: OrderedDict[Path, Series] = OrderedDict()
        self._sizes: dict[Path, int] = {}
        self._bytes = 0
        self._growing: Path | None = None
        """Journal that `look` reads just now: its figures stay where they are added to."""
        self._reading = Reading(0, 0, 0)
        self._looked = -_FRESH_SECONDS
        self._look: asyncio.Task[None] | None = None
        self._closed = False
        self.revision = 0
        """Rises with every change."""

    @property
    def reading(self) -> Reading:
        """How far reading is."""
        return self._reading

    async def aclose(self) -> None:
        """Has a look that is under way end soon; there are no more."""
        self._closed = True

    async def looked(self, seconds: float) -> None:
        """Has what has come read, and waits for that, but not longer than so many seconds.

        However many wait, one thread reads.
        """
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(asyncio.to_thread(self.look))
        await asyncio.wait({self._look}, timeout=seconds)
        if self._look.done():
            self._look.result()

    def look(self) -> None:
        """Reads what has come, unless that was done within the last second.

        Where another thread does so, waits for it.
        """
        with self._looking:
            if time.monotonic() - self._looked < _FRESH_SECONDS:
                return
            folders, left_out = self._folders()
            self._forget(folders)
            for number, folder in enumerate(folders):
                if self._closed:
                    return
                self._reading = Reading(number, len(folders), left_out)
                self._follow(folder)
            self._reading = Reading(len(folders), len(folders), left_out)
            self._looked = time.monotonic()

    def summaries(self) -> list[Summary]:
        """All runs that were read, the one that wrote last first."""
        with self._lock:
            found = [_summary(one) for one in self._journals.values() if one.lines]
        return sorted(found, key=lambda one: one.last_time or 0.0, reverse=True)

    def draw(self, wanted: Sequence[str], work: Callable[[list[tuple[Run, Series]]], T]) -> T:
        """What `work` makes of the figures of runs, by their ids; nothing grows meanwhile.

        Runs that are not there are left out.
        """
        with self._lock:
            by_id = {one.run.id: one for one in self._journals.values() if one.lines}
            there = [by_id[name] for name in wanted if name in by_id]
            try:
                return work([(one.run, self._figures(one)) for one in there])
            finally:
                self._make_room(*(one.folder for one in there))

    def _folders(self) -> tuple[list[Path], int]:
        found: list[tuple[float, Path]] = []
        for folder in _places(self._data_dir):
            try:
                found.append(((folder / JOURNAL).stat().st_mtime, folder))
            except OSError:
                continue
        found.sort(reverse=True)
        return [folder for _, folder in found[:MAX_RUNS]], max(0, len(found) - MAX_RUNS)

    def _forget(self, folders: Sequence[Path]) -> None:
        with self._lock:
            for gone in self._journals.keys() - set(folders):
                del self._journals[gone]
                self._let_go(gone)
                self.revision += 1

    def _follow(self, folder: Path) -> None:
        journal = self._journals.get(folder)
        try:
            size = (folder / JOURNAL).stat().st_size
            described = _time_of(folder / DESCRIPTION)
            if journal is None or size < journal.size or described != journal.described:
                # A file that is shorter than it was is another one.
                again = journal is not None and size < journal.size
                run = run_of(_description(folder), folder.name, _origin(self._data_dir, folder))
                if journal is None or again:
                    journal = _Journal(folder, run, described)
                    with self._lock:
                        self._let_go(folder)
                journal.run, journal.described = run, described
            if size == journal.size:
                return
            self._read_on(journal, size)
        except OSError:
            return  # it was removed meanwhile

    def _read_on(self, journal: _Journal, size: int) -> None:
        with self._lock:
            series, self._growing = self._figures(journal), journal.folder
        try:
            for records in _pieces(journal, size):
                with self._lock:
                    series.add(records)
        finally:
            self._growing = None
        with self._lock:
            journal.size = size
            _tell(journal, series)
            self._journals[journal.folder] = journal
            self.revision += 1
        self._columns.keep(journal.run.id, journal.folder, journal.at - len(journal.rest), series)
        self._make_room(journal.folder)

    def _figures(self, journal: _Journal) -> Series:
        with self._lock:
            series = self._held.get(journal.folder)
            if series is None:
                kept = self._columns.load(journal.run.id, journal.folder)
                series, journal.at = kept if kept is not None else (Series(), 0)
                journal.rest = b""
                for records in _pieces(journal, journal.size):
                    series.add(records)
                self._held[journal.folder] = series
            self._held.move_to_end(journal.folder)
            return series

    def _make_room(self, *grown: Path) -> None:
        """Lets go of figures beyond the most; those of `grown` may have become more."""
        with self._lock:
            for folder in grown:
                if (series := self._held.get(folder)) is not None:
                    self._bytes += series.nbytes - self._sizes.get(folder, 0)
                    self._sizes[folder] = series.nbytes
            oldest = [folder for folder in self._held if folder != self._growing]
            while self._bytes > self._most_bytes and len(self._held) > 1 and oldest:
                self._let_go(oldest.pop(0))

    def _let_go(self, folder: Path) -> None:
        self._held.pop(folder, None)
        self._bytes -= self._sizes.pop(folder, 0)


def open_journals(settings: GatewaySettings) -> Journals:
    """Those of the data folder that a gateway was started on."""
    columns = Columns(settings.data_dir / "gateway" / "curves")
    return Journals(settings.data_dir, columns, settings.curves_megabytes * 1024 * 1024)


def _places(data_dir: Path) -> Iterator[Path]:
    """Folders that may have a journal: of the mesh's learners, of jobs, of studies' trials."""
    yield from data_dir.glob("learner/*/")
    yield from data_dir.glob("jobs/*/learner/*/")
    yield from data_dir.glob("tune/*/[0-9]*/")
    yield from data_dir.glob("tune/*/[0-9]*/mesh/learner/*/")


def _origin(data_dir: Path, folder: Path) -> str:
    parts = folder.relative_to(data_dir).parts
    if parts[0] == "tune":
        return f"study {parts[1]} {int(parts[2])}" if parts[2].isdigit() else f"study {parts[1]}"
    return f"job {parts[1]}" if parts[0] == "jobs" else "mesh"


def _description(folder: Path) -> dict[str, Any]:
    try:
        with (folder / DESCRIPTION).open("rb") as file:
            content = json.loads(file.read(_MAX_DESCRIPTION_BYTES))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _time_of(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _pieces(journal: _Journal, size: int) -> Iterator[list[dict[str, Any]]]:
    """Lines from where the journal was left, up to a size."""
    with (journal.folder / JOURNAL).open("rb") as file:
        file.seek(journal.at)
        while journal.at < size:
            data = file.read(min(_PIECE_BYTES, size - journal.at))
            if not data:
                return
            journal.at += len(data)
            *lines, journal.rest = (journal.rest + data).split(b"\n")
            try:
                yield json.loads(b"[" + b",".join(line for line in lines if line) + b"]")
            except ValueError:
                yield read_records(lines)[0]  # one of them was cut off by a kill


def _tell(journal: _Journal, series: Series) -> None:
    journal.lines, journal.metrics = len(series), series.metrics
    journal.figures = series.newest()
    journal.began, journal.last_time = series.began, series.last_time
    if len(series):
        journal.steps = float(series.axis("steps")[-1])
        journal.seconds = float(series.axis("seconds")[-1])


def _summary(one: _Journal) -> Summary:
    return Summary(
        one.run,
        one.lines,
        one.steps,
        one.seconds,
        one.began,
        one.last_time,
        one.metrics,
        dict(one.figures),
    )
