"""The run's own record of its progress: one JSON object a line.

`metrics.jsonl` beside the checkpoints grows by a line every few seconds. It needs no service, and
whoever forwards it (see `tracking`) can be late or away without holding up the training.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from learner.record.lines import Lines
from learner.run import Run
from mazemesh.process.disk import is_full

log = structlog.get_logger("learner.record.journal")

METRICS = "metrics.jsonl"
DESCRIPTION = "run.json"


def run_id_of(folder: Path, *, resuming: bool) -> str:
    """The id of a run: the one that it had, where it is resumed, else a new one; writes nothing."""
    description = folder / DESCRIPTION
    known = json.loads(description.read_text()) if resuming and description.exists() else {}
    return str(known.get("run_id") or uuid.uuid4().hex)


class Journal:
    """Averages statistics between two lines and appends them.

    Attributes:
        run_id: Of the run, as `run_id_of` says.
    """

    def __init__(self, folder: Path, run: Run, run_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        description, self.run_id = folder / DESCRIPTION, run_id
        content = json.dumps({"run_id": run_id, **run.description}, indent=2) + "\n"
        if not description.exists() or description.read_text() != content:
            unfinished = description.with_suffix(".tmp")
            unfinished.write_text(content)
            unfinished.replace(description)
        self._lines = Lines(folder / METRICS)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._before: tuple[float, float] | None = None

    @property
    def pending(self) -> bool:
        """Whether statistics were added since the last line."""
        return bool(self._sums)

    def add(self, statistics: Mapping[str, float]) -> None:
        """Statistics of one batch, which need not have all that others have."""
        for name, value in statistics.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def write(self, counters: Mapping[str, float]) -> dict[str, Any]:
        """Appends counters as they are, and means of what was added since the last line.

        From the second line on it also tells agent_steps_per_second. Where a full disk has no room
        for the line, the next one stands for both.
        """
        now, steps = time.time(), counters["agent_steps"]
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        line = {"time": now, **counters, **means}
        if self._before is not None and now > self._before[0]:
            line["agent_steps_per_second"] = (steps - self._before[1]) / (now - self._before[0])
        try:
            self._lines.append(json.dumps(line))
        except OSError as error:
            if not is_full(error):
                raise
            log.warning("no room for a line, the next one stands for it too", reason=str(error))
        else:
            self._before = now, steps
            self._sums, self._counts = {}, {}
        return line

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()
