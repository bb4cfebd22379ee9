"""How a run goes: the lines of its learners' journals, as they come."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COUNTERS = ("time", "agent_steps", "samples", "training_step", "version")


@dataclass(frozen=True)
class Progress:
    """A moment of a run.

    Attributes:
        policy: Name of the policy that learns.
        seconds: Since the run was started.
        agent_steps: Steps of experience learned from.
        training_step: Gradient steps.
        version: Newest version that was published.
        figures: Means since the moment before, by name: losses, `episode_reward`, `entropy`,
            `agent_steps_per_second` and so on, as the algorithm has them.
    """

    policy: str
    seconds: float
    agent_steps: int
    training_step: int
    version: int
    figures: Mapping[str, float]

    @classmethod
    def of(cls, policy: str, line: Mapping[str, Any], began: float) -> Progress:
        """From a line of the journal; `began` is in seconds since 1970."""
        figures = {
            name: float(value)
            for name, value in line.items()
            if name not in _COUNTERS and isinstance(value, int | float)
        }
        return cls(
            policy,
            max(0.0, float(line["time"]) - began),
            int(line["agent_steps"]),
            int(line["training_step"]),
            int(line["version"]),
            {name: value for name, value in figures.items() if not math.isnan(value)},
        )


class JournalReader:
    """New lines of a journal, which may not be there yet.

    Args:
        folder: Of the learner.
        policy: Whose it is.
        began: When the run was started, in seconds since 1970; older lines are passed over.
    """

    def __init__(self, folder: Path, policy: str, began: float) -> None:
        self._file = folder / "metrics.jsonl"
        self._policy, self._began = policy, began
        self._at = self._size()
        self._rest = b""

    def read(self) -> Iterator[Progress]:
        """What has come since the last call, oldest first."""
        if self._size() <= self._at:
            return
        with self._file.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                content = json.loads(line)
                yield Progress.of(self._policy, content, self._began)
            except (ValueError, KeyError, TypeError):
                continue  # cut off by a kill in the middle of a write

    def _size(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0
