"""`python -m bench learner-budget`: what each process of the mesh spends on an agent step."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.children import ending_with_us
from bench.learner.mesh import mesh_command
from bench.learner.workload import Workload

app = typer.Typer()

LAST_LINE = re.compile(r"-m (?:services\.)?(\w+)(?: (\w+))?")


@app.command("learner-budget")
def learner_budget(
    *,
    games: Annotated[int, typer.Option(help="games at once", min=2)] = 64,
    unroll_length: Annotated[int, typer.Option(help="steps of an unroll", min=1)] = 64,
    unrolls: Annotated[int, typer.Option(help="unrolls of an update", min=1)] = 64,
    warm_seconds: Annotated[float, typer.Option(help="before measuring", min=5)] = 15,
    seconds: Annotated[float, typer.Option(help="measured", min=10)] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Microseconds of processor time an agent step of workload A, by process; and the rate."""
    workload = Workload(games=games, unroll_length=unroll_length, unrolls=unrolls)
    with tempfile.TemporaryDirectory(prefix="bench-budget-") as folder:
        data_dir = Path(folder) / "data"
        command = mesh_command(workload, 1, warm_seconds + seconds + 60, data_dir)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ending_with_us()
        )
        try:
            time.sleep(warm_seconds)
            _wait_for_progress(data_dir)
            began, before, steps = time.time(), _used(process.pid), _steps(data_dir)
            time.sleep(seconds)
            passed, after = time.time() - began, _used(process.pid)
            learned = _steps(data_dir) - steps
        finally:
            process.terminate()
            process.wait()
    report = _report(before, after, learned, passed)
    report |= {"games": games, "unroll_length": unroll_length, "unrolls": unrolls}
    print(json.dumps(report) if as_json else _as_text(report))


def _wait_for_progress(data_dir: Path) -> None:
    """Until the learner's journal has lines to measure between."""
    path = data_dir / "learner" / "solo" / "metrics.jsonl"
    while not path.exists() or len(path.read_text().splitlines()) < 2:
        time.sleep(0.2)


def _used(pid: int) -> dict[str, float]:
    """CPU seconds so far, by what the process is."""
    used: dict[str, float] = {}
    parent = psutil.Process(pid)
    for one in (parent, *parent.children(recursive=True)):
        times = one.cpu_times()
        found = LAST_LINE.search(" ".join(one.cmdline()))
        name = (
            "supervisor"
            if one is parent or found is None
            else " ".join(filter(None, found.groups()))
        )
        used[name] = used.get(name, 0.0) + times.user + times.system
    return used


def _steps(data_dir: Path) -> float:
    """Agent steps that the learner has learned from, at this moment."""
    lines = (data_dir / "learner" / "solo" / "metrics.jsonl").read_text().splitlines()
    first, last = json.loads(lines[-2]), json.loads(lines[-1])
    rate = (last["agent_steps"] - first["agent_steps"]) / (last["time"] - first["time"])
    return float(last["agent_steps"] + rate * (time.time() - last["time"]))


def _report(
    before: dict[str, float], after: dict[str, float], steps: float, seconds: float
) -> dict[str, Any]:
    spent = {name: after[name] - before.get(name, 0.0) for name in after}
    return {
        "bench": "learner-budget",
        "agent_steps_per_second": steps / seconds,
        "cores_used": sum(spent.values()) / seconds,
        "microseconds_per_step": {
            name: 1e6 * value / steps
            for name, value in sorted(spent.items(), key=lambda item: -item[1])
        },
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"{report['agent_steps_per_second']:,.0f} agent-steps/s"]
    lines += [f"{report['cores_used']:.2f} cores used"]
    lines += [f"{value:8.2f} us  {name}" for name, value in report["microseconds_per_step"].items()]
    return "\n".join(lines)
