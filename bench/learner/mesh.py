"""Workload A by the full mesh: `mazemesh up`, with experience logged as it is by default."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.children import ending_with_us, up_command
from bench.learner.run import LearnerRun, Point, metered
from bench.learner.workload import Workload, greedy_success
from bench.pinned import pinned_server
from mazemesh.client.model import ModelClient
from mazemesh.policy.onnx_policy import OnnxPolicy

SNAPSHOT_SECONDS = 1.0
STOP_SECONDS = 60.0


def run_mesh(workload: Workload, seed: int, seconds: float) -> LearnerRun:
    """Trains for `seconds` from the command on; judges its snapshots afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-learner-") as folder:
        data_dir = Path(folder) / "data"
        log = Path(folder) / "log"
        with log.open("wb") as output:
            started = time.time()
            process = subprocess.Popen(
                mesh_command(workload, seed, seconds, data_dir),
                stdout=output,
                stderr=output,
                env=ending_with_us(),
            )
            with metered(process) as usage:
                status = process.wait(seconds + STOP_SECONDS)
        if status != 0 or time.time() - started < seconds - 1:
            raise RuntimeError(f"mazemesh up ended with {status}: {log.read_text()[-2000:]}")
        with pinned_server(partial(_serve_model, data_dir)) as server:
            curve = _curve(server.address, started)
        progress = _progress(data_dir)
        summary = json.loads((data_dir / "summary.json").read_text())
    rate = progress["agent_steps_per_second"]
    return LearnerRun(
        name="mazemesh",
        seed=seed,
        curve=curve,
        agent_steps_per_second=rate,
        samples_per_second=rate * workload.epochs,
        cpu_seconds=usage.cpu_seconds,
        peak_megabytes=usage.peak_megabytes,
        details={
            "first_game_seconds": summary["first_game_seconds"],
            "restarts": summary["restarts"],
            **progress["means"],
        },
    )


def mesh_command(workload: Workload, seed: int, seconds: float, data_dir: Path) -> list[str]:
    """`mazemesh up` on the workload; ends by itself after `seconds`."""
    rates = ",".join(f"{name}={value}" for name, value in workload.rates.items())
    shape = (
        f"unroll_length={workload.unroll_length},unrolls_per_batch={workload.unrolls},"
        f"epochs={workload.epochs},minibatch_size={workload.minibatch_size}"
    )
    learner = (
        f"--hyperparameters={shape},{rates}",
        f"--snapshot-seconds={SNAPSHOT_SECONDS}",
        "--tracking=none",
    )
    return up_command(
        "solo",
        data_dir,
        *("--games", str(workload.games), "--evaluators", "0"),
        *("--seed", str(seed), "--for", f"{seconds:g}s"),
        *("--summary", str(data_dir / "summary.json")),
        *(f"--learner={flag}" for flag in learner),
    )


@asynccontextmanager
async def _serve_model(data_dir: Path) -> AsyncIterator[str]:
    from services._harness import serve
    from services.model.bind import bind
    from services.model.settings import ModelSettings

    async with serve(ModelSettings(port=0, data_dir=data_dir), bind) as server:
        yield server.address


def _curve(address: str, started: float) -> list[Point]:
    client = ModelClient(address)
    points = []
    for version in reversed(list(client.list("solo", snapshots_only=True))):
        reference = f"{version.name}:{version.version}"
        _, data = client.get(reference)
        assert data is not None
        policy = OnnxPolicy(reference, data)
        published = version.create_time.seconds + version.create_time.nanos / 1e9
        points.append(
            Point(
                seconds=round(published - started, 2),
                agent_steps=int(version.metadata["agent_steps"]),
                success=greedy_success(lambda observed, mask, p=policy: p.infer(observed, mask)[0]),
            )
        )
    client.close()
    return points


def _progress(data_dir: Path) -> dict[str, Any]:
    """Rates and means from the learner's journal, from its first line to its last."""
    text = (data_dir / "learner" / "solo" / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    if len(lines) < 2:
        raise RuntimeError("the mesh was stopped before it had learned for ten seconds")
    first, last = lines[0], lines[-1]
    steps = last["agent_steps"] - first["agent_steps"]
    names = ("lag_versions", "lag_steps", "importance", "clip_fraction")
    known = {name: [line[name] for line in lines if name in line] for name in names}
    means = {name: statistics.mean(values) for name, values in known.items() if values}
    return {"agent_steps_per_second": steps / (last["time"] - first["time"]), "means": means}
