"""A run of a gate as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from mazemesh.games import GameSettings
from services.matchmaker.gates.run import (
    Asked,
    Finding,
    GateRun,
    Hypotheses,
    Memory,
    RunState,
    Verdict,
)
from services.matchmaker.runs.store import Run

_COLUMNS = ("gate_id", "request_id", "state", "revision")
"""What has a column of its own."""


def to_json(run: GateRun) -> dict[str, Any]:
    """All of a run but what has a column."""
    return {key: value for key, value in plain(run).items() if key not in _COLUMNS}


def from_json(stored: Mapping[str, Any], columns: Mapping[str, Any]) -> GateRun:
    """The run again."""
    asked, finding = stored["asked"], stored["finding"]
    return GateRun(
        **{
            **stored,
            "gate_id": columns["run_id"],
            "request_id": columns["request_id"],
            "revision": columns["revision"],
            "state": RunState(columns["state"]),
            "settings": GameSettings(**stored["settings"]),
            "ancestors": tuple(stored["ancestors"]),
            "asked": Asked(
                **{
                    **asked,
                    "ancestors": tuple(asked["ancestors"]),
                    "hypotheses": Hypotheses(**asked["hypotheses"]),
                }
            ),
            "finding": Finding(
                **{
                    **finding,
                    "verdict": Verdict(finding["verdict"]),
                    "hypotheses": Hypotheses(**finding["hypotheses"]),
                    "counts": tuple(finding["counts"]),
                    "memories": tuple(Memory(**memory) for memory in finding["memories"]),
                }
            ),
        }
    )


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON has it: enums by their values."""
    return asdict(run, dict_factory=lambda items: {key: _plain(value) for key, value in items})


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
