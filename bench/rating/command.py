"""`python -m bench rating`: what is taken in, how fast it is rated, and how true that is."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Annotated, Any

import typer

from bench.elo.scale import served, taken_in
from bench.elo.workload import Workload
from bench.rating import coverage, fits, gates, online
from bench.rating.peers import missing

app = typer.Typer()


@app.command("rating")
def rating(
    *,
    matches: Annotated[int, typer.Option(help="taken in", min=1000)] = 200_000,
    results: Annotated[int, typer.Option(help="of each fit", min=1000)] = 1_000_000,
    many: Annotated[int, typer.Option(help="players of the large fit; 0: none", min=0)] = 10_000,
    duels: Annotated[int, typer.Option(help="online, of ours", min=1000)] = 500_000,
    of_peers: Annotated[int, typer.Option(help="online, of each peer", min=100)] = 5000,
    ladders: Annotated[int, typer.Option(help="simulated, of each length", min=10)] = 150,
    gates_each: Annotated[int, typer.Option("--gates", help="at each of 3 truths", min=10)] = 400,
    elo1: Annotated[float, typer.Option(help="upper bound of the gates", min=1.0)] = 40.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Ingest through a socket to disk, fits and updates beside peers, coverage, gates."""
    cells: list[dict[str, Any]] = [_ingest(matches), online.measure(duels, of_peers)]
    cells.append(fits.measure(300, results))
    if many:
        cells.append(fits.measure(many, results))
    cells += [coverage.measure(ladders), gates.measure(gates_each, elo1)]
    by_what = {cell["what"]: cell for cell in reversed(cells)}
    small, gate = by_what["fit"], by_what["gate"]
    differences = [cell[key] for cell in cells for key in cell if key.endswith("_difference_elo")]
    report: dict[str, Any] = {
        "bench": "rating",
        "ingest_results_per_second": by_what["ingest"]["results_per_second"],
        "fit_ratio": small.get("evalica_ratio"),
        "refit_ms_300": small["refit_ms"],
        "largest_difference_elo": max(differences, default=None),
        "coverage": by_what["coverage"]["coverage"],
        "gate_alpha": gate["alpha"],
        "gate_beta": gate["beta"],
        "gate_mean_pairs": gate["mean_pairs"],
        "load": round(os.getloadavg()[0], 1),
        "missing": missing("evalica", "choix", "openskill", "trueskill"),
        "cells": cells,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _ingest(matches: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-rating-") as folder,
        served(["--data-dir", folder]) as (service, address, _),
    ):
        return {"what": "ingest", **taken_in(service, address, Workload(1000, matches))}


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"{key}: {value}" for key, value in report.items() if key != "cells"]
    for cell in report["cells"]:
        told = ", ".join(f"{key} {value}" for key, value in cell.items() if key != "what")
        lines.append(f"  {cell['what']}: {told}")
    return "\n".join(lines)
