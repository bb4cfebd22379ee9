"""Which snapshots a run has published, and what each grew from: one JSON object a line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import structlog

from learner.record.lines import Lines
from mazemesh.analysis.journal import read_records
from mazemesh.process.disk import is_full
from mazemesh.v1.model_pb2 import PolicyVersion

SNAPSHOTS = "snapshots.jsonl"

log = structlog.get_logger("learner.record.lineage")


class Lineage:
    """The record beside the journal, for tracking: Model has the files, by name and version.

    Safe to call from several threads.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / SNAPSHOTS
        self._lock = threading.Lock()
        self._unwritten: list[dict[str, Any]] = []

    def add(self, published: PolicyVersion, *, training_step: int, agent_steps: int) -> None:
        """Notes a snapshot that Model has accepted; it grew from the one before it.

        Where a full disk has no room, it is written with the next one.
        """
        with self._lock:
            before = [*read_snapshots(self._path), *self._unwritten]
            line = {
                "time": time.time(),
                "policy": f"{published.name}:{published.version}",
                "parent": before[-1]["policy"] if before else None,
                "training_step": training_step,
                "agent_steps": agent_steps,
                "sha256": published.sha256,
            }
            self._unwritten.append(line)
            try:
                self._write()
            except OSError as error:
                if not is_full(error):
                    raise
                log.warning("no room for a snapshot's line", reason=str(error), **line)

    def _write(self) -> None:
        with Lines(self._path) as lines:
            while self._unwritten:
                lines.append(json.dumps(self._unwritten[0]))
                del self._unwritten[0]


def read_snapshots(path: Path) -> list[dict[str, Any]]:
    """What the record tells, oldest first, without a line that is still being written."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        records, _ = read_records(line for line in file if line.endswith(b"\n"))
    return records
