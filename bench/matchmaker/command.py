"""`python -m bench matchmaker`: matches a second, waits, and streams that are held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.children import ending_with_us
from bench.matchmaker.pairing import pairing
from bench.matchmaker.services import Service, echo, rate, service

app = typer.Typer()

HOW = ("streams", "batches")
_WARM = 200
_RESULTS = 30_000
# Nobody is near enough to anybody, for as long as it takes.
_APART = ("--window-start", "1e-9", "--window-step", "1e-9", "--window-ceiling", "1e-9")
_ROOM = ("--max-tickets", "20000", "--disconnect-grace-seconds", "5")


@app.command()
def main(
    players: Annotated[int, typer.Option(min=100, help="Who ask at once.")] = 1000,
    many: Annotated[int, typer.Option(min=0, help="The same, of the larger burst; 0: none.")] = (
        10_000
    ),
    held: Annotated[int, typer.Option(min=0, help="Streams that are held.")] = 1000,
    seconds: Annotated[float, typer.Option(min=1.0, help="For how long.")] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bursts of rated players through FindMatch and FindMatches, with Game and Elo behind.

    `echo` is bare gRPC with the same streams, messages and clients in the same run, which tells
    what FindMatch could have at most. Processor seconds are of each service and of the clients,
    which share the machine.
    """
    paired = pairing(10_000)
    with tempfile.TemporaryDirectory(prefix="bench-matchmaker-") as folder:
        with echo() as bare:
            limit = _cell({"echo": bare}, bare, "streams", players)
        bursts = [(how, count) for count in (players, many) if count for how in HOW]
        # Each burst has players of its own: whom one leaves over is not in the way of the next.
        firsts = [1 + _WARM + sum(count for _, count in bursts[:at]) for at in range(len(bursts))]
        with _mesh(Path(folder), firsts[-1] + bursts[-1][1]) as services:
            matchmaker = services["matchmaker"]
            _cell(services, matchmaker, "streams", _WARM)  # what is loaded at first
            cells = {
                f"{how} {count}": _cell(services, matchmaker, how, count, first)
                for (how, count), first in zip(bursts, firsts, strict=True)
            }
        cells["echo"] = limit
        holding = _held(Path(folder), held, seconds) if held else {}
    one, batched = cells[f"streams {players}"], cells[f"batches {many or players}"]
    report: dict[str, Any] = {
        "bench": "matchmaker",
        "matches_per_second": max(one["matches_per_second"], batched["matches_per_second"]),
        "p99_wait_ms": one["wait_p99_ms"],
        # Of processor time: the wall time beside it is as long where nobody else runs.
        "pairing_ms_10k": paired["duels"]["processor_milliseconds"],
        "streams_held": holding.get("streams_held", 0),
        "stream_errors": holding.get("stream_errors", 0),
        "matches_per_second_by_streams": one["matches_per_second"],
        "matches_per_second_by_batches": batched["matches_per_second"],
        "echo_matches_per_second": limit["matches_per_second"],
        "matches_a_processor_second": {
            name: _a_processor_second(cell) for name, cell in (*cells.items(), ("echo", limit))
        },
        "echo_ratio": round(one["matches_per_second"] / limit["matches_per_second"], 3),
        "cells": {**cells, "held": holding, "pairing": paired},
        "load": round(psutil.getloadavg()[0] / (os.cpu_count() or 1), 2),
    }
    typer.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


@contextmanager
def _mesh(
    folder: Path, players: int, arguments: tuple[str, ...] = ()
) -> Iterator[dict[str, Service]]:
    """Game, Elo and Matchmaker on one folder, with a ladder of rated players."""
    with ExitStack() as stack:
        elo = stack.enter_context(service("elo", folder))
        game = stack.enter_context(service("game", folder, ["--elo-address", elo.address]))
        rate(elo.address, players + 3, _RESULTS)
        peers = ["--elo-address", elo.address, "--game-address", game.address]
        # There is no Model: nothing is asked of it.
        peers += ["--model-address", "127.0.0.1:9"]
        matchmaker = stack.enter_context(
            service("matchmaker", folder, [*peers, *_ROOM, *arguments])
        )
        yield {"elo": elo, "game": game, "matchmaker": matchmaker}


def _cell(
    services: dict[str, Service], asked: Service, how: str, players: int, first: int = 1
) -> dict[str, Any]:
    typer.echo(f"{players} players, {how}", err=True)
    before = {name: one.cpu() for name, one in services.items()}
    seen = _players(asked, how, players, first=first)
    spent = {name: one.cpu() - before[name] for name, one in services.items()}
    matches = max(seen["matches"], 1)
    return {
        "players": players,
        "matches": seen["matches"],
        "matches_per_second": round(seen["most_matched"] / 2 / max(seen["most_seconds"], 1e-9), 1),
        "tickets_per_second": round(seen["queued"] / max(seen["queued_seconds"], 1e-9), 1),
        "wait_p50_ms": round(1000 * seen["wait_p50"], 1),
        "wait_p99_ms": round(1000 * seen["wait_p99"], 1),
        "mean_rating_gap": round(seen["rating_gap"], 1),
        "errors": seen["errors"],
        "processor_ms_a_match": {
            **{name: round(1000 * value / matches, 3) for name, value in spent.items()},
            "players": round(1000 * seen["processor_seconds"] / matches, 3),
        },
        "memory_mb": round(asked.memory_mb()),
    }


def _a_processor_second(cell: dict[str, Any]) -> float:
    """Matches for a second of a processor, of services and players together."""
    return round(1000.0 / max(sum(cell["processor_ms_a_match"].values()), 1e-9), 1)


def _held(folder: Path, players: int, seconds: float) -> dict[str, Any]:
    """Streams of players who wait; only those of the very same rating are matched."""
    with _mesh(folder, players, _APART) as services:
        matchmaker = services["matchmaker"]
        # The first has the ladder read: who comes before it is there counts as a newcomer, and all
        # newcomers are of one rating.
        _players(matchmaker, "held", 1, seconds=2.0, first=players + 1)
        before = matchmaker.cpu()
        seen = _players(matchmaker, "held", players, seconds)
        return {
            "streams_held": seen["queued"] - seen["matched"] - sum(seen["errors"].values()),
            "stream_errors": sum(seen["errors"].values()),
            "errors": seen["errors"],
            "seconds": round(seen["seconds"], 1),
            "messages": seen["messages"],
            "matched": seen["matched"],
            "matchmaker_cores": round((matchmaker.cpu() - before) / seen["seconds"], 3),
        }


def _players(
    asked: Service, how: str, players: int, seconds: float = 0.0, first: int = 1
) -> dict[str, Any]:
    wanted: dict[str, Any] = {"address": asked.address, "how": how, "players": players}
    wanted |= {"seconds": seconds, "first": first}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.matchmaker.players"],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        env=ending_with_us(),
        timeout=600.0 + seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the players failed: {done.stderr[-2000:]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
