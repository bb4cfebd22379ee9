"""`python -m bench learner`: the whole mesh against peers that train on one machine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Annotated, Any

import typer

from bench.learner.mesh import run_mesh
from bench.learner.peer import Peer
from bench.learner.run import LearnerRun
from bench.learner.systems import SYSTEMS
from bench.learner.workload import TARGETS, Workload

app = typer.Typer()

CORES = 2
MEASURED = ("agent_steps_per_second", "samples_per_second", "cpu_seconds", "peak_megabytes")


@app.command()
def learner(
    *,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            help="sb3 (Stable-Baselines3), torchrl, sample-factory, or none; repeatable",
            show_default="sb3",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="runs of each side", min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="of each run, from its command on", min=20)] = 150,
    trial_seconds: Annotated[
        float, typer.Option(help="of each trial of the peer's variants", min=10)
    ] = 20,
    games: Annotated[int, typer.Option(help="games at once, of both sides", min=2)] = 64,
    ceiling_seconds: Annotated[float, typer.Option(help="of the bare loop", min=0.1)] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Workload A: PPO on solo, 10 x 10, to 70 % and 95 % of 512 held-out mazes, greedily.

    64 games, updates of 64 x 64 steps, 4 epochs, minibatches of 1024, MLP 2 x 128, the same game,
    rates and seeds for all; runs one after the other, both sides in turn, on the same two cores.
    The mesh runs as `mazemesh up` with the durability it has by default. Policies are judged after
    the run, so judging costs no training time. Clocks start with the command.
    """
    peers = [Peer(system) for system in _systems(peer or ["sb3"])]
    _keep_to_cores()
    workload = Workload(games=games)
    rates = _ceiling(workload, ceiling_seconds)
    for one in peers:
        one.choose(workload, trial_seconds)
        _say(one.failures)
    ours: list[LearnerRun] = []
    for seed in range(1, seeds + 1):
        ours.append(run_mesh(workload, seed, seconds))
        _say([ours[-1].report()])
        for one in peers:
            one.run(workload, seed, seconds)
            _say([line for line in one.report() if line["seed"] == seed])
    report = _report(workload, ours, peers, rates)
    report |= {"seconds": seconds, "load_average": os.getloadavg()[0]}
    print(json.dumps(report) if as_json else _as_text(report))


def _systems(names: list[str]) -> list[str]:
    """The peers asked for, each once."""
    for name in names:
        if name not in (*SYSTEMS, "none"):
            known = ", ".join(SYSTEMS)
            raise typer.BadParameter(
                f"{name!r} is unknown; choose {known} or none", param_hint="--peer"
            )
    return [name for name in dict.fromkeys(names) if name != "none"]


def _report(
    workload: Workload, ours: list[LearnerRun], peers: list[Peer], rates: dict[str, float]
) -> dict[str, Any]:
    """The ratios are to Stable-Baselines3."""
    mine = _medians(ours)
    medians = {"mazemesh": mine}
    medians |= {one.runs[0].name: _medians(one.runs) for one in peers if one.runs}
    other = next((_medians(one.runs) for one in peers if one.system == "sb3" and one.runs), {})
    return {
        "bench": "learner",
        "agent_steps_ratio": _ratio(mine, other, "agent_steps_per_second"),
        "wall_clock_to_70_ratio": _ratio(mine, other, "seconds_to_70"),
        "wall_clock_to_95_ratio": _ratio(mine, other, "seconds_to_95"),
        "ceiling_fraction": mine["samples_per_second"] / rates["as_trained"],
        "ceiling_fraction_of_float32_products": mine["samples_per_second"] / rates["products"],
        "ceiling_fraction_as_installed": mine["samples_per_second"] / rates["as_installed"],
        "ceiling_samples_per_second": rates,
        "cores": CORES,
        "workload": {
            "games": workload.games,
            "unroll_length": workload.unroll_length,
            "epochs": workload.epochs,
            "minibatch_size": workload.minibatch_size,
            "hidden": list(workload.hidden),
            **workload.rates,
        },
        "medians": medians,
        "runs": [
            *(run.report() for run in ours),
            *(line for one in peers for line in one.report()),
        ],
        "peer_variants": {name: rate for one in peers for name, rate in one.trials.items()},
    }


def _medians(runs: list[LearnerRun]) -> dict[str, float | None]:
    """Medians over the seeds; of a time that not all runs reached, None."""
    found: dict[str, float | None] = {
        name: statistics.median(getattr(run, name) for run in runs) for name in MEASURED
    }
    for target in TARGETS:
        times = [run.seconds_to(target) for run in runs]
        steps = [run.steps_to(target) for run in runs]
        name = f"{target * 100:.0f}"
        found[f"seconds_to_{name}"] = _median_of_all(times)
        found[f"agent_steps_to_{name}"] = _median_of_all(steps)
    return found


def _median_of_all(values: list[Any]) -> float | None:
    """The median, where what was not reached counts as later than all; None if that is it."""
    known = sorted(value for value in values if value is not None)
    middle = len(values) // 2
    if len(values) % 2 == 0 and middle < len(known):
        return (known[middle - 1] + known[middle]) / 2
    return known[middle] if middle < len(known) else None


def _ratio(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> float | None:
    """Ours over theirs; None when one of them is not known."""
    if ours.get(name) is None or theirs.get(name) is None:
        return None
    return float(ours[name] / theirs[name])


def _ceiling(workload: Workload, seconds: float) -> dict[str, float]:
    """In a process of its own: torch keeps what it was told."""
    code = (
        "import json; from bench.learner.workload import Workload, ceiling; "
        f"print(json.dumps(ceiling(Workload(games={workload.games}), {seconds})))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    rates: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return rates


def _keep_to_cores() -> None:
    """This process and all it starts, on the same two cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _say(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        known = {name: value for name, value in line.items() if name != "curve"}
        print(json.dumps(known), file=sys.stderr, flush=True)


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{name}: {report[name]:.3f}" if report[name] is not None else f"{name}: not reached"
        for name in (
            "agent_steps_ratio",
            "wall_clock_to_70_ratio",
            "wall_clock_to_95_ratio",
            "ceiling_fraction",
        )
    ]
    for name, medians in report["medians"].items():
        lines += [f"{name}:", *(f"  {key}: {value}" for key, value in medians.items())]
    return "\n".join(lines)
