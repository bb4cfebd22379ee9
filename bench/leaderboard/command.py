"""`python -m bench leaderboard`: pages of a leaderboard of many versions, while results come."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bench.elo.scale import RESULTS_IN_A_CALL, _ingest, _service
from bench.elo.workload import Workload
from bench.leaderboard.echo import echo
from bench.leaderboard.queries import Wanted, quantile
from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2

app = typer.Typer()

ROUNDS = 3
_FITTED_SECONDS = 300.0


@app.command("leaderboard")
def leaderboard(
    *,
    versions: Annotated[int, typer.Option(help="on the ladder", min=100)] = 10_000,
    matches: Annotated[int, typer.Option(help="in the log before it begins", min=1000)] = 150_000,
    page: Annotated[int, typer.Option(help="players of a page", min=1, max=1000)] = 50,
    rate: Annotated[float, typer.Option(help="queries a second, for p99_ms", min=0.1)] = 100.0,
    clients: Annotated[int, typer.Option(help="at once, as fast as answers come", min=1)] = 4,
    ingest: Annotated[float, typer.Option(help="results a second meanwhile", min=0.1)] = 200.0,
    seconds: Annotated[float, typer.Option(help="of each of four measurements", min=0.1)] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Queries a second and their p99 under a running ingest, beside gRPC that answers at once."""
    base = {"players": versions - 3, "page": page, "seconds": seconds / ROUNDS}
    paced, rushed = {"clients": 2, "rate": rate}, {"clients": clients, "rate": 0.0}
    cells: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-leaderboard-"))
        process, address, _ = stack.enter_context(_service(["--data-dir", folder]))
        _ingest(process, address, Workload(versions, matches))
        client = EloClient(address)
        fitted = _fitted(client, matches)
        one_page = client.leaderboard("race", page_size=page).SerializeToString()
        peer = stack.enter_context(echo(one_page))
        with _ingesting(address, versions, matches, ingest) as told:
            # In turns, so that what else the machine does meets both.
            for _ in range(ROUNDS):
                for name, where, how in (
                    ("paced", address, paced),
                    ("echo_paced", peer, paced),
                    ("rushed", address, rushed),
                    ("echo_rushed", peer, rushed),
                ):
                    cells.setdefault(name, []).append(_measure(where, base, how))
            written = told()
        last = client.leaderboard("race", page_size=1)
        client.close()
    middle = {name: _middle(rounds) for name, rounds in cells.items()}
    report: dict[str, Any] = {
        "bench": "leaderboard",
        "queries_per_second": middle["rushed"]["queries_per_second"],
        "p99_ms": middle["paced"]["p99_ms"],
        "echo_queries_per_second": middle["echo_rushed"]["queries_per_second"],
        "echo_p99_ms": middle["echo_paced"]["p99_ms"],
        "versions": versions,
        "matches": matches,
        "page": page,
        "page_bytes": len(one_page),
        "rate": rate,
        "clients": clients,
        "first_fit_seconds": fitted,
        "ingest": {**written, "fitted_matches_at_the_end": last.fitted_matches},
        "cells": middle,
        "rounds": cells,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure over the rounds."""
    figures = ("queries_per_second", "p50_ms", "p99_ms", "most_ms")
    return {name: statistics.median(cell[name] for cell in rounds) for name in figures}


def _measure(address: str, base: dict[str, Any], how: dict[str, Any]) -> dict[str, Any]:
    wanted = Wanted(address=address, **base, **how)
    found = subprocess.run(
        [sys.executable, "-P", "-m", "bench.leaderboard.queries"],
        input=json.dumps(asdict(wanted)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cell: dict[str, Any] = json.loads(found.stdout)
    return cell


def _fitted(client: EloClient, matches: int) -> float:
    """Waits until all matches are in the fit; seconds that it took."""
    began = time.monotonic()
    for board in client.watch_leaderboard("race", 1):
        if board.fitted_matches >= matches - matches % RESULTS_IN_A_CALL:
            break
        if time.monotonic() - began > _FITTED_SECONDS:
            raise RuntimeError(f"{board.fitted_matches} of {matches} matches are fitted")
    return round(time.monotonic() - began, 1)


@contextmanager
def _ingesting(
    address: str, versions: int, matches: int, rate: float
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Results that come meanwhile, ten at a time; afterwards, how many and how long each call."""
    ended, taken = threading.Event(), []
    size = 10

    def send() -> None:
        client = EloClient(address)
        # Others than those that are there: what is known already costs nothing.
        workload = Workload(versions, matches).requests(size)
        due = time.monotonic()
        for number, request in enumerate(itertools.cycle(list(itertools.islice(workload, 1000)))):
            if ended.wait(max(0.0, due - time.monotonic())):
                break
            results = elo_pb2.RecordResultsRequest.FromString(request).results
            for place, result in enumerate(results):
                result.match_id = f"meanwhile/{number}/{place}"
            began = time.monotonic()
            client.record(list(results))
            taken.append(time.monotonic() - began)
            due += size / rate
        client.close()

    thread = threading.Thread(target=send)
    began = time.monotonic()
    thread.start()
    try:
        yield lambda: {
            "results_per_second": round(size * len(taken) / (time.monotonic() - began), 1),
            "results_in_a_call": size,
            "p50_ms": quantile(taken, 0.5),
            "p99_ms": quantile(taken, 0.99),
        }
    finally:
        ended.set()
        thread.join()


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{report['versions']} versions, {report['matches']} matches, pages of {report['page']}"
    ]
    for name, cell in report["cells"].items():
        lines.append(
            f"  {name:14} {cell['queries_per_second']:8.1f} queries/s, p50 {cell['p50_ms']} ms, "
            f"p99 {cell['p99_ms']} ms"
        )
    told = report["ingest"]
    lines.append(f"  ingest {told['results_per_second']} results/s, p99 {told['p99_ms']} ms a call")
    return "\n".join(lines)
