"""Peers of the learner, each in a virtual environment of its own, made at the first use."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from actor.policy import OnnxPolicy
from bench.learner_run import LearnerRun, Point, metered
from bench.learner_workload import Workload, greedy_success
from learner.onnx_policy import to_onnx

ROOT = Path(__file__).parents[1]
VARIANTS = {"sb3-dummy": ("dummy", 0), "sb3-dummy-1": ("dummy", 1), "sb3-subproc": ("subproc", 0)}
"""Vector environment and torch threads (0: as torch chooses) of what Stable-Baselines3 can do."""

# torch first and pinned: a peer compares its own code, not another torch.
PACKAGES = ("torch", "stable-baselines3", "numba", "pettingzoo", "protobuf", "psutil")
END_SECONDS = 60.0


def environment() -> Path:
    """The peer's Python; installs it under the user's cache on first use.

    Raises:
        RuntimeError: It does not install; with what pip said.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "mazemesh-bench" / "sb3"
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if done.exists():
        return python
    _call(sys.executable, "-m", "venv", "--clear", str(folder))
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line]
    torch = next(line for line in pins if line.startswith("torch=="))
    _call(str(python), "-m", "pip", "install", "--quiet", torch)
    constraint = folder / "torch.txt"
    constraint.write_text(torch + "\n")
    _call(str(python), "-m", "pip", "install", "--quiet", "-c", str(constraint), *PACKAGES)
    done.touch()
    return python


def best_variant(workload: Workload, seconds: float) -> tuple[str, dict[str, float]]:
    """The fastest of the variants in runs of `seconds` each, and what all did.

    One that does not even come to its end, with 64 processes on a busy machine, has a rate of 0.
    """
    rates = dict.fromkeys(VARIANTS, 0.0)
    for variant in VARIANTS:
        with contextlib.suppress(subprocess.TimeoutExpired):
            run = run_peer(workload, 0, seconds, variant, judge=False)
            rates[variant] = run.agent_steps_per_second
    return max(rates, key=lambda name: rates[name]), rates


def run_peer(
    workload: Workload, seed: int, seconds: float, variant: str, *, judge: bool = True
) -> LearnerRun:
    """Trains for `seconds` from the command on; judges its weights afterwards."""
    python = environment()
    vector, threads = VARIANTS[variant]
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
            [str(python), str(ROOT / "bench" / "peers" / "sb3_solo.py"), str(description)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        with metered(process) as usage:
            output, errors = process.communicate(timeout=seconds + END_SECONDS)
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
        details=dict(result),
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


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:5])} ...: {done.stderr[-1000:]}")
