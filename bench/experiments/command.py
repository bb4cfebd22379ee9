"""`python -m bench experiments`: whether experiments hold what they say, and what they cost."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.experiments.simulation import CELLS, simulate

app = typer.Typer()


@app.command("experiments")
def experiments(
    *,
    runs: Annotated[int, typer.Option(help="simulated canaries of each kind", min=1)] = 100,
    sessions: Annotated[int, typer.Option(help="of the 10/90 split", min=100)] = 10_000,
    changes: Annotated[int, typer.Option(help="of weights under load", min=1)] = 200,
    served: Annotated[int, typer.Option(help="canaries at the service itself", min=1)] = 5,
    rounds: Annotated[int, typer.Option(help="with a shadow and without one", min=2)] = 6,
    seconds: Annotated[float, typer.Option(help="of a round", min=0.2)] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Splits, rollbacks, hot changes and shadows, at Model processes and by simulation.

    The first cell is a canary of 10 % that wins 40 instead of 50 of 100. Beside it there is
    a z-test at the same looks (`peeking_rolled_back`), as it is often used.
    """
    from bench.experiments import serving

    cells = [simulate(cell, runs, seed) for seed, cell in enumerate(CELLS)]
    with tempfile.TemporaryDirectory() as folder, serving.instances(Path(folder)) as found:
        parts: dict[str, Any] = {
            **serving.split(found, sessions),
            **serving.reweighted(found, changes),
            **serving.shadowed(found, rounds, seconds),
            **serving.canaries(found, CELLS[0], served),
        }
    first = cells[0]
    report = {
        "runs": runs,
        "worse_rolled_back": first["worse_rolled_back"],
        "equal_rolled_back": first["equal_rolled_back"],
        "peeking_rolled_back": first["peeking_rolled_back"],
        **parts,
        "cells": cells,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"{name}: {value}" for name, value in report.items() if name != "cells"]
    lines += [
        " ".join(f"{name}={value}" for name, value in cell.items()) for cell in report["cells"]
    ]
    return "\n".join(lines)
