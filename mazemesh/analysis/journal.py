"""A learner's journal (`metrics.jsonl`) as curves, and what the evaluator's log adds to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PAUSE_SECONDS = 60.0
"""Journal lines are some seconds apart; a longer gap means that the run stood still."""

_COUNTERS = (
    *("time", "agent_steps", "samples", "training_step", "version"),
    "agent_steps_per_second",  # known from the first two, and here without pauses
)


@dataclass(frozen=True)
class Curves:
    """The course of a run, oldest line first. What a killed run had to learn again is left out.

    Attributes:
        time: [n], seconds since 1970.
        agent_steps: [n], never falling.
        version: [n], newest version published at that moment.
        statistics: By name, each [n]; NaN where a line has none.
        unreadable: Lines that were no JSON, as a kill in the middle of a write leaves them.
    """

    time: Floats
    agent_steps: Floats
    version: Floats
    statistics: Mapping[str, Floats]
    unreadable: int = 0

    @property
    def running_seconds(self) -> Floats:
        """[n], time since the first line without the pauses in which nothing ran."""
        return np.concatenate(([0.0], np.cumsum(np.nan_to_num(self._spans()))))

    @property
    def agent_steps_per_second(self) -> Floats:
        """[n], over the span that ends at each line; NaN at the first and after a pause."""
        return np.concatenate(([np.nan], np.diff(self.agent_steps) / self._spans()))

    def steps_at(self, version: int) -> float:
        """Agent steps behind a version, between the two lines around its publication.

        0 for version 1, which is the untrained network.
        """
        versions = np.concatenate(([1.0], self.version))
        steps = np.concatenate(([0.0], self.agent_steps))
        first = np.concatenate(([True], np.diff(versions) > 0))
        return float(np.interp(version, versions[first], steps[first]))

    def time_of(self, version: int) -> float:
        """When a version was published, seconds since 1970, between the two lines around it."""
        first = np.concatenate(([True], np.diff(self.version) > 0))
        return float(np.interp(version, self.version[first], self.time[first]))

    def _spans(self) -> Floats:
        spans = np.diff(self.time)
        return np.where((spans > 0) & (spans < PAUSE_SECONDS), spans, np.nan)


def read_curves(lines: Iterable[str]) -> Curves:
    """Curves from the lines of a journal; there may be none."""
    records, unreadable = read_records(lines)
    kept = _lineage([record for record in records if {"time", "agent_steps"} <= record.keys()])
    names = sorted({name for record in kept for name in record} - set(_COUNTERS))
    return Curves(
        time=_column(kept, "time"),
        agent_steps=_column(kept, "agent_steps"),
        version=_column(kept, "version"),
        statistics={name: _column(kept, name) for name in names},
        unreadable=unreadable,
    )


@dataclass(frozen=True)
class Probe:
    """Success of one snapshot on held-out mazes.

    Attributes:
        version: Of the policy.
        success_rate: Greedy, 0..1.
    """

    version: int
    success_rate: float


def read_probes(lines: Iterable[str], policy: str) -> list[Probe]:
    """Probes of a policy's snapshots from evaluators' logs (JSON lines), by version."""
    records, _ = read_records(lines)
    found: dict[int, Probe] = {}
    for record in records:
        if record.get("event") != "snapshot probed":
            continue
        name, _, version = str(record.get("policy", "")).rpartition(":")
        if name == policy and version.isdigit():
            found[int(version)] = Probe(int(version), float(record["success_rate"]))
    return [found[version] for version in sorted(found)]


def read_records(lines: Iterable[str | bytes]) -> tuple[list[dict[str, Any]], int]:
    """The JSON objects of a file's lines, and how many lines were none (a kill leaves such)."""
    records, unreadable = [], 0
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        else:
            unreadable += 1
    return records, unreadable


def _lineage(records: list[dict[str, float]]) -> list[dict[str, float]]:
    """Lines that led to the last one: a resumed run starts again below where it was killed."""
    kept: list[dict[str, float]] = []
    for record in reversed(records):
        if not kept or record["agent_steps"] <= kept[-1]["agent_steps"]:
            kept.append(record)
    return kept[::-1]


def _column(records: list[dict[str, float]], name: str) -> Floats:
    return np.array([record.get(name, np.nan) for record in records], np.float64)
