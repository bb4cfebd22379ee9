"""`python -m bench table`: environments of several packages, trained for a minute each."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.table.judging import mean_return
from bench.turns.judging import served
from bench.turns.mesh import train
from mazemesh.games.foreign import policy_name
from mazemesh.policy.cache import fetch_policy

app = typer.Typer()

RETURNS = 16
"""Of seats that a version's return is the mean of, at least; two episodes at least."""


@dataclass(frozen=True)
class Row:
    """A game and how it is learned, by that algorithm's preset."""

    game: str
    algorithm: str = "ppo"


ROWS = (
    Row("gymnasium:CartPole-v1"),
    Row("gymnasium:Acrobot-v1"),
    Row("gymnasium:Pendulum-v1", "sac"),
    Row("gymnasium:MountainCarContinuous-v0", "sac"),
    Row("gymnasium:FrozenLake-v1"),
    Row("gymnasium:Taxi-v4"),
    Row("gymnasium:MiniGrid-Empty-5x5-v0"),
    Row("pettingzoo:mpe2.simple_spread_v3"),
    Row("pettingzoo:sisl/pursuit-v5"),
    Row("gymnasium:ALE/Breakout-v5?obs_type=ram"),
    Row("gymnasium:deep-sea-treasure-v0"),
)


@app.command()
def main(
    only: Annotated[list[str] | None, typer.Option(help="Games; may be repeated.")] = None,
    seconds: Annotated[float, typer.Option(min=20, help="For each, command to stop.")] = 60.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the runs.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train each by `mazemesh up` and its preset; tell how its return rose while it was trained.

    `first` and `last` are mean returns of a seat by the untrained first version and by the newest,
    through the Game service, actions drawn; `course` is what the learner's journal told meanwhile.
    """
    rows = [row for row in ROWS if not only or row.game in only]
    if not rows:
        raise typer.BadParameter(f"there are {', '.join(row.game for row in ROWS)}", None, None)
    found = []
    for row in rows:
        found.append(measured(row, seconds, seed))
        if not as_json:
            typer.echo(json.dumps(found[-1]))
    told = {"rising": sum(bool(one.get("rising")) for one in found), "of": len(found)}
    typer.echo(json.dumps({**told, "games": found} if as_json else told))


def measured(row: Row, seconds: float, seed: int) -> dict[str, Any]:
    """A row's returns at both ends, or why it could not be trained."""
    told: dict[str, Any] = {"game": row.game, "algorithm": row.algorithm}
    with tempfile.TemporaryDirectory(prefix="bench-table-") as folder:
        data = Path(folder) / "data"
        try:
            run = train(row.game, seconds, seed, data, row.algorithm)
        except RuntimeError as error:
            return {**told, "failure": str(error)}
        journal = data / "learner" / policy_name(row.game) / "metrics.jsonl"
        told |= judged(row.game, data)
        told["course"] = course(journal.read_text())
        told |= {"agent_steps": run.agent_steps, "seconds": round(run.seconds, 1)}
    return {**told, "load": round(psutil.getloadavg()[0] / (os.cpu_count() or 1), 1)}


def judged(game: str, data: Path) -> dict[str, Any]:
    """What the first version and the newest one earn."""
    name = policy_name(game)
    with served(data, game) as (model, client):
        episodes = max(2, -(-RETURNS // client.spec(game).spec.seats))
        first, last = (
            round(mean_return(client, game, fetch_policy(model, f"{name}:{which}"), episodes), 3)
            for which in ("1", "latest")
        )
    return {"first": first, "last": last, "rising": last > first}


def course(journal: str) -> list[float]:
    """Returns while it was trained, about every five seconds; of some algorithms none are told."""
    lines = [json.loads(line) for line in journal.splitlines()]
    return [round(line["episode_reward"], 2) for line in lines if "episode_reward" in line]
