"""Runs of the learner's peers, and which variant of one is the fastest."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.learner.run import LearnerRun, Point, metered
from bench.learner.systems import ROOT, SYSTEMS, environment, program
from bench.learner.workload import Workload, greedy_success
from learner.network.export.onnx_policy import to_onnx
from mazemesh.policy.onnx_policy import OnnxPolicy

END_SECONDS = 60.0


@dataclass
class Peer:
    """A system beside the mesh, as the fastest of its variants.

    Attributes:
        system: Of `learner_systems.SYSTEMS`.
        trials: Agent steps a second of each variant; empty if the system does not install or run.
        runs: In order of seeds.
        failures: Instead of runs: system, seed (0: the trials) and reason.
    """

    system: str
    trials: dict[str, float] = field(default_factory=dict)
    runs: list[LearnerRun] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def choose(self, workload: Workload, seconds: float) -> None:
        """Tries the variants for `seconds` each."""
        try:
            self.trials = trials(workload, self.system, seconds)
        except RuntimeError as error:
            self._failed(0, error)

    def run(self, workload: Workload, seed: int, seconds: float) -> None:
        """Adds a run of the fastest variant, or why there is none."""
        if not self.trials:
            return
        variant = max(self.trials, key=lambda name: self.trials[name])
        try:
            self.runs.append(run_peer(workload, seed, seconds, self.system, variant))
        except RuntimeError as error:
            self._failed(seed, error)

    def report(self) -> list[dict[str, Any]]:
        """Runs and failures as plain data."""
        return [*(run.report() for run in self.runs), *self.failures]

    def _failed(self, seed: int, error: RuntimeError) -> None:
        self.failures.append({"system": self.system, "seed": seed, "reason": str(error)})


def trials(workload: Workload, system: str, seconds: float) -> dict[str, float]:
    """Agent steps a second of each of a system's variants, in runs of `seconds`.

    One that does not even come to its end, with 64 processes on a busy machine, has a rate of 0.

    Raises:
        RuntimeError: The system does not install, or none of its variants runs.
    """
    environment(system)
    rates, reason = {}, "no variant came to a second rollout"
    for variant in SYSTEMS[system].variants:
        try:
            run = run_peer(workload, 0, seconds, system, variant, judge=False)
            rates[variant] = run.agent_steps_per_second
        except RuntimeError as error:
            rates[variant], reason = 0.0, str(error)
    if not any(rates.values()):
        raise RuntimeError(reason)
    return rates


def run_peer(
    workload: Workload,
    seed: int,
    seconds: float,
    system: str,
    variant: str,
    *,
    judge: bool = True,
) -> LearnerRun:
    """Trains for `seconds` from the command on; judges its weights afterwards.

    Raises:
        RuntimeError: It ended with an error, with the last that it said; or did not end.
    """
    python = environment(system)
    vector, threads = SYSTEMS[system].variants[variant]
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as name:
        folder = Path(name)
        description = folder / "workload.json"
        started = time.time()
        description.write_text(
            json.dumps(
                {
                    **asdict(workload),
                    "rates": workload.rates,
                    "environment": _environment_settings(workload),
                    "seed": seed,
                    "vector": vector,
                    "threads": threads,
                    "folder": name,
                    "started": started,
                    "seconds": seconds,
                }
            )
        )
        process = subprocess.Popen(
            [str(python), str(program(system)), str(description)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            with metered(process) as usage:
                output, errors = process.communicate(timeout=seconds + END_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise RuntimeError(f"{variant} did not end within {late.timeout:g} s") from late
        if process.returncode != 0:
            raise RuntimeError(f"{variant} ended with {process.returncode}: {errors[-2000:]}")
        result: dict[str, float] = json.loads(output.splitlines()[-1])
        curve = [_point(workload, path) for path in sorted(folder.glob("*.npz"))] if judge else []
    return LearnerRun(
        name=variant,
        seed=seed,
        curve=curve,
        agent_steps_per_second=result.pop("agent_steps_per_second"),
        samples_per_second=result.pop("samples_per_second"),
        cpu_seconds=usage.cpu_seconds,
        peak_megabytes=usage.peak_megabytes,
        details={"system": system, **result},
    )


def _environment_settings(workload: Workload) -> dict[str, Any]:
    return asdict(workload.game_settings)


def _point(workload: Workload, path: Path) -> Point:
    """The saved weights as the same kind of policy that the mesh publishes, judged the same way."""
    saved = dict(np.load(path))
    seconds, agent_steps = float(saved.pop("seconds")), int(saved.pop("agent_steps"))
    policy = OnnxPolicy("peer:1", to_onnx(workload.architecture, saved))
    success = greedy_success(lambda observation, mask: policy.infer(observation, mask)[0])
    return Point(round(seconds, 2), agent_steps, success)
