"""Runs by what their learners write beside their checkpoints: run.json and metrics.jsonl."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mazemesh.errors import InvalidArgument
from services.gateway.curves.runs import run_of
from services.gateway.experiments.experiment import Experiment

_PLACES: Final = ("learner/*/run.json", "jobs/*/learner/*/run.json")
_TAIL_BYTES: Final = 64 * 1024
_RUNNING_SECONDS: Final = 60.0
"""A run that wrote within so long runs."""

_LARGEST: Final = sys.float_info.max


class Journals:
    """The runs in a data folder: the mesh's own, and those of its jobs."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def page(self, size: int, token: str) -> tuple[Sequence[Experiment], str]:
        """See `Experiments.page`; a token is how many were looked at."""
        if not (token == "" or (token.isascii() and token.isdigit() and len(token) < 10)):
            raise InvalidArgument(f"page_token: {token[:40]!r} is none of this list")
        return await asyncio.to_thread(self._page, size, int(token or 0))

    async def run(self, run_id: str) -> Experiment | None:
        """See `Experiments.run`; a job's id is its run's."""
        return await asyncio.to_thread(self._run, run_id)

    def _page(self, size: int, start: int) -> tuple[Sequence[Experiment], str]:
        files = sorted(self._files(), key=_changed, reverse=True)
        page: list[Experiment] = []
        looked = start
        for looked, file in enumerate(files[start:], start + 1):  # noqa: B007
            if (found := self._read(file)) is not None:
                page.append(found)
            if len(page) == size:
                break
        return page, str(looked) if looked < len(files) else ""

    def _run(self, run_id: str) -> Experiment | None:
        for file in self._files():
            found = self._read(file)
            if found is not None and run_id in (found.id, found.run_id):
                return found
        return None

    def _files(self) -> Iterator[Path]:
        for place in _PLACES:
            yield from self._data_dir.glob(place)

    def _read(self, file: Path) -> Experiment | None:
        try:
            about = json.loads(file.read_text())
        except (OSError, ValueError):
            return None  # half written, or gone
        if not isinstance(about, dict):
            return None
        first, last = _ends(file.with_name("metrics.jsonl"))
        parts = file.relative_to(self._data_dir).parts
        run = run_of(about, parts[-2], "")
        end = _number(last.get("time"))
        running = end is not None and time.time() - end < _RUNNING_SECONDS
        return Experiment(
            id=parts[1] if parts[0] == "jobs" else run.id,
            run_id=run.id,
            name=run.policy,
            source="journal",
            status="running" if running else "finished",
            game=run.game,
            algorithm=run.algorithm,
            start_time=_number(first.get("time")),
            end_time=None if running else end,
            params={name: str(value) for name, value in run.settings.items()},
            metrics={
                name: number
                for name, value in last.items()
                if name not in ("time", "agent_steps") and (number := _number(value)) is not None
            },
            steps=int(_number(last.get("agent_steps")) or 0),
        )


def _changed(file: Path) -> float:
    for one in (file.with_name("metrics.jsonl"), file):
        try:
            return one.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _ends(file: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The first and the last whole line."""
    try:
        with file.open("rb") as stream:
            head = stream.readline(_TAIL_BYTES)
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _TAIL_BYTES))
            lines = stream.read().splitlines()
    except OSError:
        return {}, {}
    last: Mapping[str, Any] = {}
    for line in reversed(lines):
        if last := _line(line):
            break
    return _line(head), last


def _line(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None
