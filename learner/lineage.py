"""Which snapshots a run has published, and what each grew from: one JSON object a line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from learner.journal import open_lines
from mazemesh.analysis.journal import read_records
from mazemesh.v1.model_pb2 import PolicyVersion

SNAPSHOTS = "snapshots.jsonl"


class Lineage:
    """The record beside the journal, for tracking: Model has the files, by name and version.

    Safe to call from several threads.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / SNAPSHOTS
        self._lock = threading.Lock()

    def add(self, published: PolicyVersion, *, training_step: int, agent_steps: int) -> None:
        """Notes a snapshot that Model has accepted; it grew from the one before it."""
        with self._lock:
            before = read_snapshots(self._path)
            line = {
                "time": time.time(),
                "policy": f"{published.name}:{published.version}",
                "parent": before[-1]["policy"] if before else None,
                "training_step": training_step,
                "agent_steps": agent_steps,
                "sha256": published.sha256,
            }
            with open_lines(self._path) as file:
                file.write(json.dumps(line) + "\n")


def read_snapshots(path: Path) -> list[dict[str, Any]]:
    """What the record tells, oldest first, without a line that is still being written."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        records, _ = read_records(line for line in file if line.endswith(b"\n"))
    return records
