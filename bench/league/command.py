"""`python -m bench league`: what a league is worth where self-play runs after itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bench.league.judging import exploitability, score, ways
from bench.league.training import ARMS, BEST_RESPONSE, MAIN, respond, steps_of, train
from mazemesh.cli.league_record import read_league

app = typer.Typer()

OURS, THEIRS = "league", "plain"


@app.command()
def main(
    steps: Annotated[int, typer.Option(min=10_000, help="Agent steps of each policy.")] = 120_000,
    response_steps: Annotated[
        int, typer.Option(min=10_000, help="Agent steps of each best response.")
    ] = 40_000,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each kind.")] = 3,
    arms: Annotated[str, typer.Option(help=f"Of {', '.join(ARMS)}.")] = f"{THEIRS},{OURS}",
    limit: Annotated[float, typer.Option(min=30, help="Seconds of one run at most.")] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train on Colonel Blotto by `mazemesh up --league` and by self-play against the newest alone.

    exploitability_NAME is what the best way of all scores against the final policy, by its
    probabilities (1/2: it has no weakness); best_response_NAME what a policy scores that was
    trained against it for --response-steps; win_rate what the league's final policy scores against
    plain self-play's of the same seed. All three are means over seeds, a draw counts half. Steps
    are those that the main policy learns from; a league's exploiters learn from others besides,
    which steps_of_all_NAME has.
    """
    chosen = [one.strip() for one in arms.split(",")]
    cells = []
    with tempfile.TemporaryDirectory(prefix="bench-league-") as folder:
        for seed in range(seeds):
            found = {}
            for arm in chosen:
                data = Path(folder) / f"{arm}-{seed}"
                seconds = train(arm, steps, seed, data, limit)
                learned, record = steps_of(data), read_league(data)
                respond(response_steps, seed + 1000, data, limit)
                found[arm], best = ways(data, MAIN, BEST_RESPONSE)
                cells.append(
                    {
                        "arm": arm,
                        "seed": seed,
                        "exploitability": round(exploitability(found[arm]), 4),
                        "best_response": round(score(best, found[arm]), 4),
                        "steps": learned[MAIN],
                        "steps_of_all": sum(learned.values()),
                        "seconds": round(seconds, 1),
                        "exploiters_started": _starts(record),
                    }
                )
            if OURS in found and THEIRS in found:
                cells.append(
                    {"win_rate": round(score(found[OURS], found[THEIRS]), 4), "seed": seed}
                )
    told = summary(cells, chosen)
    typer.echo(json.dumps(told) if as_json else "\n".join(f"{k}: {v}" for k, v in told.items()))


def summary(cells: list[dict[str, Any]], arms: list[str]) -> dict[str, Any]:
    """Means over seeds, with the standard error of each where there are several."""
    told: dict[str, Any] = {}
    for arm in arms:
        own = [cell for cell in cells if cell.get("arm") == arm]
        for name in ("exploitability", "best_response"):
            told |= _mean(f"{name}_{arm}", [cell[name] for cell in own])
        told[f"steps_of_all_{arm}"] = round(float(np.mean([cell["steps_of_all"] for cell in own])))
    rates = [cell["win_rate"] for cell in cells if "win_rate" in cell]
    return told | (_mean("win_rate", rates) if rates else {}) | {"cells": cells}


def _mean(name: str, values: list[float]) -> dict[str, float]:
    told = {name: round(float(np.mean(values)), 4)}
    if len(values) > 1:
        told[f"{name}_error"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 4)
    return told


def _starts(record: dict[str, Any] | None) -> int:
    return sum(one["starts"] for one in record["members"]) if record else 0
