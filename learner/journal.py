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

from learner.run import Run

METRICS = "metrics.jsonl"
DESCRIPTION = "run.json"


class Journal:
    """Averages statistics between two lines and appends them.

    Attributes:
        run_id: Of the run; a run that is resumed keeps the one it had.
    """

    def __init__(self, folder: Path, run: Run, *, resuming: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        description = folder / DESCRIPTION
        known = json.loads(description.read_text()) if resuming and description.exists() else {}
        self.run_id: str = known.get("run_id") or uuid.uuid4().hex
        content = {"run_id": self.run_id, **run.description}
        description.write_text(json.dumps(content, indent=2) + "\n")
        self._file = (folder / METRICS).open("a", buffering=1)
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, statistics: Mapping[str, float]) -> None:
        """Statistics of one batch."""
        for name, value in statistics.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1

    def write(self, counters: Mapping[str, float]) -> dict[str, Any]:
        """Appends counters as they are, and means of what was added since the last line."""
        means = {name: total / self._count for name, total in self._sums.items()}
        line = {"time": time.time(), **counters, **means}
        self._file.write(json.dumps(line) + "\n")
        self._sums, self._count = {}, 0
        return line

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
