"""Where runs of gates are kept."""

from __future__ import annotations

from services.matchmaker.gates.run import GateRun
from services.matchmaker.runs.store import RunStore

GATES = "gates"
"""The task of having Elo decide, and the topic of notices that a run has changed."""

GateStore = RunStore[GateRun]
