"""`python -m bench cluster`: what several instances, TLS and keys cost and bring, on one machine.

Meshes on PostgreSQL, Redis and an S3 stand-in play and learn `race` one after the other: 1, 2 and 4
actors against one and two instances of every service (Replay: shards), and pairs with and without
TLS and keys. Then authenticated clients hold a connection each and ask for the leaderboard.

All of it shares the machine's cores: with two of them more actors and instances cannot bring more,
and the ratio says what they cost. Compare ratios within one run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cluster.meshes import mesh
from bench.cluster.standins import StandIns, stand_ins
from mazemesh.client.addresses import Addresses
from mazemesh.client.credentials import Credentials, read_key_file
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError

app = typer.Typer()

GAME = "race"
STEPS = "mazemesh_actor_agent_steps_total"
UPDATES = "mazemesh_learner_updates_total"
ACTORS = (1, 2, 4)
INSTANCES = (1, 2)
CLIENT_PAUSE = 5.0


@app.command("cluster")
def cluster(
    *,
    seconds: Annotated[float, typer.Option(help="of each cell", min=2)] = 15.0,
    pairs: Annotated[int, typer.Option(help="with and without TLS and keys", min=1)] = 3,
    clients: Annotated[int, typer.Option(help="held at once", min=1)] = 1000,
    hold: Annotated[float, typer.Option(help="seconds for which they are held", min=1)] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Agent-steps a second by actors and instances, what security costs, and clients held."""
    cells = list(_cells(seconds))
    secure = list(_secure_pairs(seconds, pairs))
    held = _clients(clients, hold)
    of = {(cell["actors"], cell["instances"]): cell["agent_steps_per_second"] for cell in cells}
    report = {
        "bench": "cluster",
        "secure_fraction": round(statistics.median(pair["fraction"] for pair in secure), 3),
        "two_instances_ratio": round(
            statistics.median(of[actors, 2] / of[actors, 1] for actors in ACTORS), 3
        ),
        "clients_held": held["held"],
        "client_errors": sum(held["errors"].values()),
        "leaderboard_p99_ms": held["p99_ms"],
        "cores": os.cpu_count(),
        "cells": cells,
        "secure_pairs": secure,
        "clients": held,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _cells(seconds: float) -> Iterator[dict[str, Any]]:
    for actors in ACTORS:
        for instances in INSTANCES:
            rate = _rate(seconds, actors, instances, secure=False)
            yield {
                "actors": actors,
                "instances": instances,
                "agent_steps_per_second": round(rate, 1),
            }


def _secure_pairs(seconds: float, pairs: int) -> Iterator[dict[str, float]]:
    for turn in range(pairs):
        # Who begins changes: a machine that slows down would favour the first.
        order = (True, False) if turn % 2 else (False, True)
        rates = {secure: _rate(seconds, 2, 2, secure=secure) for secure in order}
        yield {
            "plain": round(rates[False], 1),
            "secure": round(rates[True], 1),
            "fraction": round(rates[True] / rates[False], 3),
        }


def _rate(seconds: float, actors: int, instances: int, *, secure: bool) -> float:
    """Agent-steps a second once the learner learns."""
    flags = ("--actors", str(actors), "--instances", str(instances), "--evaluators", "0")
    with (
        tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder,
        stand_ins() as servers,
        _mesh(folder, servers, flags, secure=secure) as running,
    ):
        running.wait(lambda: running.total(UPDATES, "learner") > 20)
        return running.rate(STEPS, "actor", seconds)


def _clients(count: int, hold: float) -> dict[str, Any]:
    flags = ("--actors", "0", "--evaluators", "1", "--instances", "2")
    with (
        tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder,
        stand_ins() as servers,
        _mesh(folder, servers, flags, secure=True) as running,
    ):
        addresses = Addresses.local(port_base=running.port_base, instances=2)
        running.wait(lambda: (running.data_dir / "access" / "operator.key").exists())
        key = read_key_file(running.data_dir / "access" / "operator.key")
        ca = running.data_dir / "certs" / "ca.pem"
        with Mesh(addresses, Credentials.found(key=key, ca=ca)) as operator:
            running.wait(lambda: _rated(operator))
        wanted = {
            "addresses": addresses.elo.split(","),
            "key": key,
            "ca": str(ca),
            "ladder": GAME,
            "clients": count,
            "seconds": hold,
            "pause": CLIENT_PAUSE,
        }
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bench.cluster.clients"],
            input=json.dumps(wanted),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=hold + 120,
            cwd=Path(__file__).parents[2],
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _rated(operator: Mesh) -> bool:
    try:
        return len(operator.elo.leaderboard(GAME).players) > 2
    except MazemeshError:
        return False


def _mesh(folder: str, servers: StandIns, flags: tuple[str, ...], *, secure: bool) -> Any:
    started: Any = mesh(
        Path(folder) / "mesh",
        *("--game", GAME, *flags),
        environment={**servers.environment, "MAZEMESH_LEARNER_TRACKING": "none"},
        secure=secure,
    )
    return started


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{cell['actors']} actors, {cell['instances']} instances: "
        f"{cell['agent_steps_per_second']:,.0f} agent-steps/s"
        for cell in report["cells"]
    ]
    lines += [
        f"two instances / one: {report['two_instances_ratio']:.2f}",
        f"with TLS and keys / without: {report['secure_fraction']:.2f}",
        f"{report['clients_held']} clients held, {report['client_errors']} errors",
        f"GetLeaderboard p99 {report['leaderboard_p99_ms']} ms",
    ]
    return "\n".join(lines)
