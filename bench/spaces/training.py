"""PPO on race by the whole mesh, its rows as bytes and as bits, in turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench.children import ending_with_us, up_command
from bench.learner.run import metered

_STOP_SECONDS = 60.0


def training(seconds: float, turns: int, games: int) -> dict[str, object]:
    """Agent steps learned from, a second and a processor second, of each side."""
    rates: dict[str, list[dict[str, float]]] = {"plain": [], "packed": []}
    for turn in range(turns):
        for side, found in rates.items():
            found.append(_run(seconds, games, turn + 1, packed=side == "packed"))
    medians = {
        side: {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        for side, runs in rates.items()
    }
    plain, packed = medians["plain"], medians["packed"]
    return {
        "ratio": packed["agent_steps_per_second"] / plain["agent_steps_per_second"],
        "cpu_ratio": packed["agent_steps_per_cpu_second"] / plain["agent_steps_per_cpu_second"],
        "medians": medians,
        "runs": rates,
    }


def _run(seconds: float, games: int, seed: int, *, packed: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-spaces-") as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(seconds, games, seed, data, packed=packed),
                stdout=output,
                stderr=output,
                env=ending_with_us(),
            )
            with metered(process) as usage:
                status = process.wait(seconds + _STOP_SECONDS)
        if status != 0:
            raise RuntimeError(f"mazemesh up ended with {status}: {log.read_text()[-2000:]}")
        text = (data / "learner" / "race" / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    if len(lines) < 2:
        raise RuntimeError(
            f"nothing was learned within {seconds:g} s; give --training-seconds more"
        )
    first, last = lines[0], lines[-1]
    steps = last["agent_steps"] - first["agent_steps"]
    return {
        "agent_steps_per_second": steps / (last["time"] - first["time"]),
        "agent_steps_per_cpu_second": last["agent_steps"] / usage.cpu_seconds,
    }


def _command(seconds: float, games: int, seed: int, data: Path, *, packed: bool) -> list[str]:
    learner = ["--tracking=none"] + ([] if packed else ["--no-packed"])
    return up_command(
        "race",
        data,
        *("--games", str(games), "--evaluators", "0", "--seed", str(seed)),
        *("--for", f"{seconds:g}s"),
        *(f"--learner={flag}" for flag in learner),
    )
