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

_RESULTS = 30_000
# Nobody is near enough to anybody, for as long as it takes.
_APART = ("--window-start", "1e-9", "--window-step", "1e-9", "--window-ceiling", "1e-9")
# Whom a burst leaves over is out before the next.
_ROOM = ("--max-tickets", "20000", "--disconnect-grace-seconds", "0.2")


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
        with _mesh(Path(folder), max(players, many, held)) as services:
            matchmaker = services["matchmaker"]
            _cell(services, matchmaker, "streams", 200)  # what is loaded at first
            cells = {
                f"{how} {count}": _cell(services, matchmaker, how, count)
                for count in (players, many)
                if count
                for how in ("streams", "batches")
            }
        cells["echo"] = limit
        holding = _held(Path(folder), held, seconds) if held else {}
    one, batched = cells[f"streams {players}"], cells[f"batches {many or players}"]
    report: dict[str, Any] = {
        "bench": "matchmaker",
        "matches_per_second": max(one["matches_per_second"], batched["matches_per_second"]),
        "p99_wait_ms": one["wait_p99_ms"],
        "pairing_ms_10k": paired["duels"]["milliseconds"],
        "streams_held": holding.get("streams_held", 0),
        "stream_errors": holding.get("stream_errors", 0),
        "matches_per_second_by_streams": one["matches_per_second"],
        "matches_per_second_by_batches": batched["matches_per_second"],
        "echo_matches_per_second": limit["matches_per_second"],
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


def _cell(services: dict[str, Service], asked: Service, how: str, players: int) -> dict[str, Any]:
    typer.echo(f"{players} players, {how}", err=True)
    before = {name: one.cpu() for name, one in services.items()}
    seen = _players(asked, how, players)
    spent = {name: one.cpu() - before[name] for name, one in services.items()}
    matches = max(seen["matches"], 1)
    return {
        "players": players,
        "matches": seen["matches"],
        "matches_per_second": round(seen["most_matched"] / 2 / max(seen["most_seconds"], 1e-9), 1),
        "tickets_per_second": round(seen["queued"] / max(seen["queued_seconds"], 1e-9), 1),
        "wait_p50_ms": round(1000 * seen["wait_p50"], 1),
        "wait_p99_ms": round(1000 * seen["wait_p99"], 1),
        "errors": seen["errors"],
        "processor_ms_a_match": {
            **{name: round(1000 * value / matches, 3) for name, value in spent.items()},
            "players": round(1000 * seen["processor_seconds"] / matches, 3),
        },
        "memory_mb": round(asked.memory_mb()),
    }


def _held(folder: Path, players: int, seconds: float) -> dict[str, Any]:
    """Streams of players of whom nobody is matched."""
    with _mesh(folder, players, _APART) as services:
        matchmaker = services["matchmaker"]
        before = matchmaker.cpu()
        seen = _players(matchmaker, "held", players, seconds)
        return {
            "streams_held": seen["queued"] - sum(seen["errors"].values()),
            "stream_errors": sum(seen["errors"].values()),
            "errors": seen["errors"],
            "seconds": round(seen["seconds"], 1),
            "messages": seen["messages"],
            "matched": seen["matched"],
            "matchmaker_cores": round((matchmaker.cpu() - before) / seen["seconds"], 3),
        }


def _players(asked: Service, how: str, players: int, seconds: float = 0.0) -> dict[str, Any]:
    wanted = {"address": asked.address, "how": how, "players": players, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "bench.matchmaker.players"],
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
