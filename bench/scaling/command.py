"""`python -m bench scaling`: cost, waiting and thrash of simulated days under the policies."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from bench.scaling.day import day
from bench.scaling.simulation import Sizes, play

app = typer.Typer()


@app.command("scaling")
def scaling(
    *,
    seed: Annotated[int, typer.Option(help="of load and spot losses", min=0)] = 0,
    days: Annotated[int, typer.Option(help="each with a seed of its own", min=1, max=365)] = 5,
    losses: Annotated[
        float, typer.Option(help="chance of a spot machine to be lost within an hour", min=0, max=1)
    ] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Play days of load through the policies that decide on AWS; nothing is started."""
    runs = [
        {"seed": one, **play(day(one), Sizes(), one, losses)} for one in range(seed, seed + days)
    ]
    report = {"bench": "scaling", "spot_losses_an_hour": losses, "days": runs, "mean": _mean(runs)}
    print(json.dumps(report) if as_json else _as_text(report))


def _mean(runs: list[dict[str, Any]]) -> dict[str, float]:
    names = [name for name, value in runs[0].items() if isinstance(value, int | float)]
    return {
        name: round(sum(run[name] for run in runs) / len(runs), 2)
        for name in names
        if name != "seed"
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = ["seed    cost  always  median/p95 wait  losses  resizes  turns  without learning"]
    for run in report["days"]:
        waited = run["games_waited_minutes"]
        lines.append(
            f"{run['seed']:4} {run['cost_usd']:7.2f} {run['cost_always_at_most_usd']:7.2f}  "
            f"{waited['median']:6.0f}/{waited['p95']:3.0f} min  {run['spot_losses']:6} "
            f"{run['resizes']:8} {run['turns']:6}  "
            f"{run['training_minutes_without_learning']} of {run['training_minutes']} min"
        )
    return "\n".join(lines)
