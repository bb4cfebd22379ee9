"""`python -m bench algorithms`: presets on well-known games, beside Stable-Baselines3 and skrl."""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import asdict
from importlib.util import find_spec
from typing import Annotated, Any

import psutil
import typer

from bench.algorithms.cells import CELLS, Cell
from bench.algorithms.mesh import run_mesh
from bench.algorithms.peer import run_peer
from bench.algorithms.run import Trained, interquartile_range

app = typer.Typer()

SHORT_SHARE = 0.25
"""Of a cell's steps, unless told otherwise."""

FULL_SEEDS = 3

FAILURES = (RuntimeError, OSError, ImportError, ValueError, subprocess.SubprocessError)
"""Of a run that ended early, does not install, took too long or told nothing: the other cells go
on."""


@app.command()
def main(
    cells: Annotated[
        list[str] | None, typer.Option(help="Such as sac/Pendulum-v1; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Runs of either side.")] = 1,
    steps: Annotated[int, typer.Option(min=0, help="Of either side; 0: a quarter.")] = 0,
    full: Annotated[
        bool, typer.Option("--full", help="All cells, 3 seeds, all their steps: for hours.")
    ] = False,
    peers: Annotated[bool, typer.Option(help="Run the peers too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train by both at equal steps; tell returns and wall-clock, command to last gradient step.

    Without options a few cells, one seed and a quarter of their steps, which takes about three
    minutes. Each run and each cell is told on stderr when it is done.
    """
    wanted = [cell for cell in CELLS if (cell.name in cells if cells else cell.quick or full)]
    if not wanted or (cells and len(wanted) < len(set(cells))):
        names = ", ".join(cell.name for cell in CELLS)
        raise typer.BadParameter(f"there are {names}", param_hint="--cells")
    found = []
    for cell in wanted:
        share = 1.0 if full else SHORT_SHARE
        budget = steps or round(cell.steps * share)
        found.append(compare(cell, max(seeds, FULL_SEEDS if full else 1), budget, peers=peers))
        typer.echo(_line(found[-1]), err=True)
    told = report(found)
    typer.echo(json.dumps(told) if as_json else _lines(told))


def compare(cell: Cell, seeds: int, steps: int, *, peers: bool = True) -> dict[str, Any]:
    """A cell's runs, in turns so that both sides have the same of a busy machine.

    What cannot run on this machine is told in `failures`, each with its side and seed.
    """
    ours: list[Trained] = []
    theirs: list[Trained] = []
    failures = [f"{name} is not installed" for name in cell.needs if find_spec(name) is None]
    sides = [("mesh", ours, run_mesh), ("peer", theirs, run_peer)][: 2 if peers else 1]
    loads = []
    for seed in range(0 if failures else seeds):
        for name, runs, run in sides:
            if runs is theirs and not cell.peer:
                continue
            loads.append(psutil.getloadavg()[0])
            try:
                runs.append(run(cell, seed, steps))
            except FAILURES as error:
                failures.append(f"{name}, seed {seed}: {error}")
                typer.echo(f"  {failures[-1]}", err=True)
                continue
            told = f"{runs[-1].mean:.2f} after {runs[-1].seconds:.0f} s"
            typer.echo(f"  {cell.name}, {name}, seed {seed}: {told}", err=True)
    return {
        "cell": cell.name,
        "by": cell.by,
        "steps": steps,
        "cut": cell.cut or steps < cell.steps,
        **gap(ours, theirs),
        "ours": [asdict(run) for run in ours],
        "peer": [asdict(run) for run in theirs],
        "failures": failures,
        "load": round(statistics.mean(loads), 2) if loads else None,
    }


def gap(ours: list[Trained], theirs: list[Trained]) -> dict[str, Any]:
    """How far our median return is below the peer's, in the peer's interquartile ranges."""
    found: dict[str, Any] = {"return_gap": None, "wall_ratio": None}
    if ours:
        found["our_return"] = statistics.median(run.mean for run in ours)
        found["our_seconds"] = statistics.median(run.seconds for run in ours)
    if theirs:
        means = [run.mean for run in theirs]
        found["peer_return"] = statistics.median(means)
        found["peer_seconds"] = statistics.median(run.seconds for run in theirs)
    if ours and theirs:
        below = found["peer_return"] - found["our_return"]
        found["return_gap"] = below / interquartile_range(means)
        found["wall_ratio"] = found["our_seconds"] / found["peer_seconds"]
    return found


def report(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """All cells, and the worst of them."""

    def worst(key: str) -> float | None:
        return max((cell[key] for cell in cells if cell[key] is not None), default=None)

    return {
        "worst_return_gap": worst("return_gap"),
        "worst_wall_ratio": worst("wall_ratio"),
        "cells": cells,
    }


def _lines(told: dict[str, Any]) -> str:
    lines = [
        f"{'cell':36} {'ours':>9} {'peer':>9} {'gap':>6} {'seconds':>9} {'peer':>9} {'ratio':>6}"
    ]
    for cell in told["cells"]:
        lines.append(_line(cell))
        lines += [f"  {failure.splitlines()[0][:200]}" for failure in cell["failures"]]
    return "\n".join(lines)


def _line(cell: dict[str, Any]) -> str:
    keys = ("our_return", "peer_return", "return_gap", "our_seconds", "peer_seconds", "wall_ratio")
    numbers = [cell.get(key) for key in keys]
    shown = ["-" if number is None else f"{number:.2f}" for number in numbers]
    widths = (9, 9, 6, 9, 9, 6)
    columns = " ".join(f"{text:>{width}}" for text, width in zip(shown, widths, strict=True))
    return f"{cell['cell']:36} {columns}"
