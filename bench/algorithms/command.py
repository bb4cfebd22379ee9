"""`python -m bench algorithms`: presets on well-known games, beside Stable-Baselines3."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict
from typing import Annotated, Any

import psutil
import typer

from bench.algorithms.cells import CELLS, Cell
from bench.algorithms.mesh import run_mesh
from bench.algorithms.peer import run_peer
from bench.algorithms.run import Trained, interquartile_range

app = typer.Typer()

QUICK_SHARE = 0.25
"""Of a cell's steps, with `--quick`."""


@app.command()
def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Cells such as sac/Pendulum-v1; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Runs of either side.")] = 3,
    share: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of each cell's steps.")] = 1.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few cells, one seed, a quarter of the steps.")
    ] = False,
    peers: Annotated[bool, typer.Option(help="Run the peers too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train by both at equal steps; tell returns and wall-clock, command to last gradient step."""
    chosen = [cell for cell in CELLS if (cell.name in only if only else cell.quick or not quick)]
    if not chosen:
        raise typer.BadParameter(
            f"there are {', '.join(cell.name for cell in CELLS)}", None, None, "only"
        )
    seeds, share = (1, share * QUICK_SHARE) if quick else (seeds, share)
    told = report([compare(cell, seeds, share, peers=peers) for cell in chosen])
    typer.echo(json.dumps(told) if as_json else _lines(told))


def compare(cell: Cell, seeds: int, share: float, *, peers: bool = True) -> dict[str, Any]:
    """A cell's runs, in turns so that both sides have the same of a busy machine."""
    steps = round(cell.steps * share)
    ours: list[Trained] = []
    theirs: list[Trained] = []
    failures, loads = [], []
    for seed in range(seeds):
        for side, run in ((ours, run_mesh), (theirs, run_peer)):
            if side is theirs and not (peers and cell.peer):
                continue
            loads.append(psutil.getloadavg()[0])
            try:
                side.append(run(cell, seed, steps))
            except RuntimeError as error:
                failures.append(str(error))
    return {
        "cell": cell.name,
        "steps": steps,
        "cut": cell.cut or share < 1.0,
        **gap(ours, theirs),
        "ours": [asdict(run) for run in ours],
        "peer": [asdict(run) for run in theirs],
        "failures": failures,
        "load": round(statistics.mean(loads), 2),
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
        keys = ("our_return", "peer_return", "return_gap", "our_seconds", "peer_seconds")
        numbers = [cell.get(key) for key in (*keys, "wall_ratio")]
        shown = ["-" if number is None else f"{number:.2f}" for number in numbers]
        widths = (9, 9, 6, 9, 9, 6)
        columns = " ".join(f"{text:>{width}}" for text, width in zip(shown, widths, strict=True))
        lines.append(f"{cell['cell']:36} {columns}")
        lines += [f"  {failure.splitlines()[0][:200]}" for failure in cell["failures"]]
    return "\n".join(lines)
