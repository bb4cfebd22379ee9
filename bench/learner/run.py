"""What one run of a learner tells, whoever learned; and the clock and meter beside it."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from bench.learner.workload import TARGETS

SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class Point:
    """What a policy could do at a moment of its run.

    Attributes:
        seconds: Since the run's process was started.
        agent_steps: Learned from so far.
        success: Greedy, on the held-out mazes.
    """

    seconds: float
    agent_steps: int
    success: float


@dataclass
class LearnerRun:
    """One run.

    Attributes:
        name: Who learned.
        seed: Of the run.
        curve: In order of time.
        agent_steps_per_second: From the first update to the last.
        samples_per_second: Rows that went through forward and backward, likewise.
        cpu_seconds: Of all its processes, start-up included.
        peak_megabytes: Largest sum of all its processes' memory, shared pages counted once.
        details: More of its own.
    """

    name: str
    seed: int
    curve: list[Point]
    agent_steps_per_second: float
    samples_per_second: float
    cpu_seconds: float
    peak_megabytes: float
    details: dict[str, Any] = field(default_factory=dict)

    def seconds_to(self, target: float) -> float | None:
        """When a policy first reached the success; None if none did."""
        return next((p.seconds for p in self.curve if p.success >= target), None)

    def steps_to(self, target: float) -> int | None:
        """The agent steps of that policy."""
        return next((p.agent_steps for p in self.curve if p.success >= target), None)

    def report(self) -> dict[str, Any]:
        """As plain data."""
        reached = {}
        for target in TARGETS:
            reached[f"seconds_to_{target * 100:.0f}"] = self.seconds_to(target)
            reached[f"agent_steps_to_{target * 100:.0f}"] = self.steps_to(target)
        plain = asdict(self)
        curve, details = plain.pop("curve"), plain.pop("details")
        best = max((point["success"] for point in curve), default=None)
        return {**plain, "best_success": best, **reached, **details, "curve": curve}


@dataclass
class Usage:
    """What a process and its descendants took."""

    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0


@contextlib.contextmanager
def metered(process: subprocess.Popen[Any]) -> Iterator[Usage]:
    """Watches a process until it has ended within the block."""
    usage, ended = Usage(), threading.Event()
    before = _children_seconds()
    watcher = threading.Thread(target=_watch, args=(process.pid, usage, ended), daemon=True)
    watcher.start()
    try:
        yield usage
    finally:
        if process.poll() is None:
            for one in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            process.kill()
            process.wait()
        ended.set()
        watcher.join()
        usage.cpu_seconds = _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(pid: int, usage: Usage, ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_SECONDS):
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(pid)
            total = sum(_memory(one) for one in (parent, *parent.children(recursive=True)))
            usage.peak_megabytes = max(usage.peak_megabytes, total / 1e6)


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return 0
