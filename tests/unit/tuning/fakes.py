"""A trial runner that needs no mesh: success and time follow from the parameters by a formula."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import Value
from mazemesh.tuning.trial import Progress, Report, TrialInterrupted, TrialPruned

DEFINITION = Definition(
    game="solo",
    algorithm="ppo",
    space={"learning_rate": "log:1e-4..1e-2", "epochs": "1..4"},
    objectives=("success", "seconds"),
    target="success=0.5",
    seconds=40.0,
    snapshots=4,
)


def success(parameters: Mapping[str, Value], seconds: float = 40.0) -> float:
    """Best at a learning rate of 1e-3; more epochs learn more."""
    off = math.log10(float(parameters["learning_rate"]) / 1e-3)
    return (1 - off * off / 2) * (0.6 + 0.1 * int(parameters["epochs"])) * seconds / 40


@dataclass
class FormulaRunner:
    """Reports every ten of forty seconds, without waiting.

    Attributes:
        before: Called with a trial's number before it runs; may raise.
        ran: Numbers and parameters of all trials that began.
        reports: Seconds up to which each trial came.
    """

    before: Callable[[int], None] = lambda number: None
    ran: list[tuple[int, dict[str, Value]]] = field(default_factory=list)
    reports: dict[int, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, number: int, parameters: Mapping[str, Value], report: Report) -> Measurement:
        with self._lock:
            self.ran.append((number, dict(parameters)))
        self.before(number)
        for seconds in (10.0, 20.0, 30.0, 40.0):
            self.reports[number] = seconds
            if report(Progress(seconds, success(parameters, seconds))):
                raise TrialPruned
        reached = success(parameters)
        seconds = 10.0 * int(parameters["epochs"]) if reached >= 0.5 else math.inf
        return Measurement({"success": reached, "seconds": seconds}, 0.5 - reached)


@dataclass
class Told:
    """A display that remembers."""

    lines: list[str] = field(default_factory=list)
    finished: int = 0

    def started(self, number: int, parameters: Mapping[str, Value]) -> None:
        self.lines.append(f"{number} started")

    def progress(self, number: int, progress: Progress) -> None:
        self.lines.append(f"{number} at {progress.seconds:.0f}")

    def ended(self, number: int, outcome: str, finished: int) -> None:
        self.lines.append(f"{number} {outcome}")
        self.finished = finished


class Interrupting:
    """Raises as a stopped runner would, from one trial on."""

    def __init__(self, stop: threading.Event, at: int) -> None:
        self._stop, self._at = stop, at

    def __call__(self, number: int) -> None:
        if number >= self._at:
            self._stop.set()
            raise TrialInterrupted
