"""`python -m bench spaces`: observations as bits against observations as bytes, in one run."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from bench.game.wire import serve_game
from bench.pinned import pin, pinned_server
from bench.replay.servers import serve_replay
from bench.spaces.replay import replay
from bench.spaces.training import training
from bench.spaces.wire import bytes_a_step, wire
from mazemesh.process.memory import keep_freed_memory

app = typer.Typer()

_SERVER_CORE, _CLIENT_CORE = 0, 1


@app.command()
def spaces(
    *,
    seconds: Annotated[float, typer.Option(help="of each side of each load", min=0.5)] = 3.0,
    turns: Annotated[int, typer.Option(help="in which the sides take turns", min=1)] = 3,
    games: Annotated[
        list[int] | None,
        typer.Option(help="races of both half-batches; the last is `wire_ratio`; repeatable"),
    ] = None,
    rows: Annotated[int, typer.Option(help="of a batch of unrolls", min=1)] = 256,
    training_seconds: Annotated[float, typer.Option(help="of each mesh; 0: none", min=0)] = 0.0,
    training_turns: Annotated[int, typer.Option(help="meshes of each side", min=1)] = 3,
    training_games: Annotated[int, typer.Option(help="of the mesh's actor", min=2)] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Race 10 x 10 with a 7 x 7 view: what a client and a table that pack gain over others.

    Each server has a process and a core of its own, its client another; the sides take turns, and
    the packed side unpacks what a policy or learner would. Training is `mazemesh up` with PPO, with
    and without `--learner=--no-packed`, if it is asked for: a minute a mesh says something on a
    machine with nothing else to do.
    """
    keep_freed_memory()  # as actors and learners do
    cores = os.sched_getaffinity(0)
    pinned = len(cores) > 1 and pin(_CLIENT_CORE)
    with pinned_server(serve_game, _SERVER_CORE) as server:
        _tell("bytes an agent step")
        moved = bytes_a_step(server)
        sizes = []
        for count in games or (512, 2048, 8192):
            _tell(f"RunGames, {count} races")
            sizes.append(wire(server, count, seconds, turns))
    _tell(f"Replay, {rows} unrolls a batch")
    with pinned_server(serve_replay, _SERVER_CORE) as server:
        through = replay(server, rows, seconds / turns, turns)
    if pinned:
        os.sched_setaffinity(0, cores)
    trained: dict[str, Any] = {}
    if training_seconds:
        _tell(f"training, {2 * training_turns} meshes of {training_seconds:g} s")
        trained = training(training_seconds, training_turns, training_games)
    report = {
        "bench": "spaces",
        "bytes_ratio": moved["plain"] / moved["packed"],
        "wire_ratio": sizes[-1]["ratio"],
        "replay_ratio": through["ratio"],
        "training_ratio": trained.get("ratio"),
        "training_cpu_ratio": trained.get("cpu_ratio"),
        "bytes_an_agent_step": moved,
        "wire": sizes,
        "replay": through,
        "training": trained,
        "pinned": pinned,
        "load_average": os.getloadavg()[0],
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _tell(part: str) -> None:
    """Says what comes next; standard output is the report's."""
    typer.echo(f"spaces: {part}", err=True)


def _as_text(report: dict[str, Any]) -> str:
    names = ("bytes", "wire", "replay", "training", "training_cpu")
    lines = [f"{name:<13} {report[f'{name}_ratio'] or 0:>6.2f}" for name in names]
    lines += [
        f"{size['games']:>6} races: {size['packed']['agent_steps_per_second']:>12,.0f} "
        f"agent-steps/s packed, {size['plain']['agent_steps_per_second']:>12,.0f} plain"
        for size in report["wire"]
    ]
    return "\n".join(lines)
